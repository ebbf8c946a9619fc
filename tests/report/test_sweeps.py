"""Tables of sweeps: published numbers, order of rows, what is shown."""

from dataclasses import replace
from statistics import fmean

import pytest
from matplotlib.axes import Axes

from cmg.report import latex
from cmg.report.inputs import ReportInputs
from cmg.report.layout import AVERAGE, CELLS
from cmg.report.markdown import table_markdown
from cmg.report.published import SWEEPS, read_published
from cmg.report.sweeps import sweep_figure, sweep_layout, sweep_table
from cmg.report.tablecsv import read_table, table_csv

ROWS = ("fcid+b_2", "fcid", "fcid+a_1")


@pytest.fixture
def inputs(make_run) -> ReportInputs:
    levels = {"fcid+a_1": 40.0, "fcid": 60.0, "fcid+b_2": 20.0}
    runs = tuple(
        replace(make_run("fcid", seed, level=level), method=method)
        for method, level in levels.items()
        for seed in (0, 1)
    )
    return ReportInputs(
        runs, sample=True, random_backbones=False, fingerprints={run.name: f"{n:016x}" for n, run in enumerate(runs)}
    )


@pytest.fixture
def table(inputs):
    return sweep_table(sweep_layout("table9"), inputs, ROWS)


def test_printed_averages_are_the_means_of_their_rows():
    rows: dict[tuple, dict[str, float]] = {}
    for entry in read_published(SWEEPS):
        if entry.paper != "fcid_toc":  # CoDAAR's figures have no averages
            continue
        rows.setdefault((entry.table, entry.method, entry.toc), {})[entry.cell] = entry.value
    assert len(rows) == 17
    for key, cells in rows.items():
        assert set(cells) == {*(cell.key for cell in CELLS), AVERAGE}, key
        assert cells[AVERAGE] == pytest.approx(fmean(cells[cell.key] for cell in CELLS), abs=0.0051), key


def test_rows_stand_in_the_order_given_without_and_then_with_toc(table):
    assert [(row.method, row.toc) for row in table.rows] == [
        ("chance", None),
        *((row, toc) for toc in (False, True) for row in ROWS),
    ]
    assert all(row.kind != "bound" for row in table.rows)


def test_rows_that_differ_with_toc_alone_are_shown_with_it_alone(inputs):
    table = sweep_table(sweep_layout("table6"), inputs, ROWS, toc_only=("fcid+a_1", "fcid+b_2"))
    assert [row.method for row in table.rows if row.toc is False] == ["fcid"]
    assert [row.method for row in table.rows if row.toc] == list(ROWS)


def test_a_table_goes_to_csv_and_back(table, tmp_path, capsys):
    file = tmp_path / "table9.csv"
    file.write_text(table_csv(table))
    assert file.read_text().startswith("# sample corpus: ")
    assert [row.method for row in read_table(file, sweep_layout("table9")).rows] == [row.method for row in table.rows]
    assert latex.main([str(file)]) == 0 and r"FCID b\_2" in capsys.readouterr().out


def test_table_7_shows_the_average_alone(inputs):
    text = table_markdown(sweep_table(sweep_layout("table7"), inputs, ROWS))
    assert "Average" in text and "AVE V→A" not in text


def test_the_values_of_the_rows_stand_above_them(inputs):
    values = {"default": {"losses.cpc": True, "codebook_size": 4}, "a_1": {"losses.cpc": False, "codebook_size": 8}}
    text = table_markdown(sweep_table(sweep_layout("table9", values), inputs, ROWS))
    assert "- `default`: losses.cpc on, codebook_size 4\n- `a_1`: losses.cpc off, codebook_size 8\n" in text
    assert "docs/protocols.md" in text


def test_a_figure_draws_one_line_per_setting_and_direction_at_the_means(table, monkeypatch):
    drawn = []
    errorbar = Axes.errorbar

    def watched(self, xs, means, **named):
        drawn.append((xs, means, named["yerr"], named["label"]))
        return errorbar(self, xs, means, **named)

    monkeypatch.setattr(Axes, "errorbar", watched)
    sweep_figure(table, "codebook_size", {"fcid+a_1": ("avt", 8), "fcid": ("avt", 16), "fcid+b_2": ("av", 8)})
    cells = {row.method: row.cells for row in table.rows if row.toc is False}
    assert len(drawn) == 8
    by_label = {(place, label): (xs, means) for place, (xs, means, _, label) in enumerate(drawn)}
    assert by_label[2, "AVT V→A"] == ([0, 1], [cells["fcid+a_1"]["ave_va"].mean, cells["fcid"]["ave_va"].mean])
    assert by_label[5, "AV A→V"] == ([0], [cells["fcid+b_2"]["avvp_av"].mean])
    assert drawn[0][2] == [cells["fcid+b_2"]["ave_va"].sd]


def test_a_figure_of_a_method_without_modalities_draws_its_rows_alone(table):
    """Its setting is empty, and so is that of chance, which has no place."""
    svg = sweep_figure(table, "codebook_size", {row: ("", 8 * place) for place, row in enumerate(ROWS)})
    assert ">16<" in svg and "V→A" in svg
