"""Table 1: means, deviations, empty cells, published numbers beside, and its way to CSV and back."""

import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.report import latex
from cmg.report.layout import AVERAGE, CELLS, COLUMNS, PAIRS, TABLE2, TABLE10
from cmg.report.markdown import table_markdown
from cmg.report.metrics import metrics
from cmg.report.pagetables import score_table, seed_table
from cmg.report.published import lookup, read_published
from cmg.report.tablecsv import number, read_table, table_csv
from cmg.report.tables import make_table, summarise
from cmg.report.write import build_table, write_tables
from cmg.results import Run
from tests.report.conftest import make_cell


def row_of(table, method, toc, kind=None):
    (found,) = [row for row in table.rows if (row.method, row.toc) == (method, toc) and kind in (None, row.kind)]
    return found


def test_mean_sample_deviation_and_every_seed(inputs):
    row = row_of(build_table(inputs), "fcid", False, "method")
    cell = row.cells["ave_va"]
    assert row.seeds == (0, 1, 2) and cell.values == (61.0, 62.25, 63.5)
    assert cell.mean == pytest.approx(62.25) and cell.sd == pytest.approx(statistics.stdev([61.0, 62.25, 63.5]))
    assert row.cells[AVERAGE].mean == pytest.approx(statistics.fmean(row.cells[spec.key].mean for spec in CELLS))


def test_one_seed_has_no_deviation(make_run):
    cell = row_of(make_table([make_run(seed=4)], (), {}), "fcid", False, "method").cells["ave_va"]
    assert cell.mean is not None and cell.sd is None


def test_a_cell_that_was_not_run_is_empty_and_so_is_the_average(make_run, tmp_path):
    table = make_table([make_run(skip=("avvp_va",))], (), {})
    row = row_of(table, "fcid", False, "method")
    assert row.cells["avvp_va"].mean is None and row.cells[AVERAGE].mean is None
    (tmp_path / "t.csv").write_text(table_csv(table))
    assert row_of(read_table(tmp_path / "t.csv"), "fcid", False, "method").cells["avvp_va"].mean is None


def test_rows_cover_methods_bounds_controls_and_chance(inputs):
    table = build_table(inputs)
    kinds = {(row.method, row.kind) for row in table.rows}
    assert {("chance", "chance"), ("fcid", "method"), ("fcid", "bound"), ("infonce_kmeans", "control")} <= kinds
    assert (
        row_of(table, "fcid", False, "bound").cells["ave_va"].mean
        > row_of(table, "fcid", False, "method").cells["ave_va"].mean
    )


@pytest.mark.parametrize(
    ("protocol", "notice", "pretraining", "expected"),
    [
        ("strict", "", "40k", False),
        ("published", "sample", "40k", False),
        ("published", "", "24k", False),
        ("published", "", "40k: train+val", False),
        ("published", "", "40k", True),
    ],
)
def test_a_difference_is_taken_only_from_real_data_of_the_same_subset_under_the_published_protocol(
    make_run, protocol, notice, pretraining, expected
):
    table = make_table([make_run(protocol=protocol)], read_published(), {}, notice, pretraining)
    cell = row_of(table, "fcid", False, "method").cells["ave_va"]
    assert cell.published == "55.2"
    assert (cell.difference is not None) == expected
    if expected:
        assert cell.difference == pytest.approx(cell.mean - 55.2)


def test_no_difference_is_taken_between_unlike_quantities(make_run):
    run = make_run(protocol="published")
    other = replace(run, cells=tuple(replace(c, metric="precision") if c.task == "avvp" else c for c in run.cells))
    for found, alike in ((run, True), (other, False)):
        cells = row_of(make_table([found], read_published(), {}, "", "40k"), "fcid", False, "method").cells
        assert cells["ave_va"].difference is not None
        assert (cells["avvp_va"].difference is not None) == (cells["avg"].difference is not None) == alike


def test_the_same_run_twice_is_an_error(make_run):
    with pytest.raises(ValueError, match="two results for run fcid-0"):
        make_table([make_run(), make_run()], (), {})


def test_csv_starts_with_the_notice_and_comes_back(inputs, tmp_path):
    write_tables(tmp_path, inputs)
    text = (tmp_path / "table1.csv").read_text()
    assert text.startswith("# sample corpus, random backbones")
    table, back = build_table(inputs), read_table(tmp_path / "table1.csv")
    assert back.notice == table.notice and len(back.rows) == len(table.rows)
    for ours, theirs in zip(table.rows, back.rows, strict=True):
        assert (ours.method, ours.toc, ours.kind, ours.seeds, ours.fingerprint) == (
            theirs.method,
            theirs.toc,
            theirs.kind,
            theirs.seeds,
            theirs.fingerprint,
        )
        assert theirs.cells["ave_va"].mean == pytest.approx(ours.cells["ave_va"].mean, abs=0.005)
    first = {name: (tmp_path / name).read_bytes() for name in ("table1.csv", "table1.md", "metrics.json")}
    write_tables(tmp_path, inputs)
    assert first == {name: (tmp_path / name).read_bytes() for name in first}


def test_an_edited_header_is_refused(inputs, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(table_csv(build_table(inputs)).replace("ave_va_mean", "ave_va", 1))
    with pytest.raises(ValueError, match="expected the header of table 1"):
        read_table(path)


def test_markdown_and_metrics_hold_the_same_numbers(inputs):
    table = build_table(inputs)
    mean = row_of(table, "fcid", True, "method").cells["ave_va"].mean
    text = table_markdown(table)
    assert "sample corpus" in text.splitlines()[0] and f"{mean:.1f} ± 1.2" in text or f"{mean:.1f} ± 1.3" in text
    assert any(values.get("ave_va") == pytest.approx(mean, abs=0.005) for values in metrics(table).values())


@given(st.lists(st.floats(0, 100), min_size=2, max_size=6))
def test_summary_is_the_mean_and_deviation_of_what_exists(values):
    cell = summarise([*values, None])
    assert cell.mean == pytest.approx(sum(values) / len(values)) and cell.sd == pytest.approx(statistics.stdev(values))


@given(st.floats(-200, 200))
def test_numbers_have_two_decimals_and_no_negative_zero(value):
    text = number(value)
    assert float(text) == pytest.approx(value, abs=0.00501) and text != "-0.00" and len(text.rpartition(".")[2]) == 2


def test_published_averages_agree_with_their_cells():
    rows = {}
    for entry in read_published():
        rows.setdefault((entry.paper, entry.method, entry.toc, entry.pretraining), {})[entry.cell] = entry.value
    checked = 0
    for key, cells in rows.items():
        if "avg" in cells and all(spec.key in cells for spec in CELLS):
            assert cells["avg"] == pytest.approx(statistics.fmean(cells[spec.key] for spec in CELLS), abs=0.06), key
            checked += 1
    assert checked >= 10


def test_toc_of_a_method_without_a_codebook_is_not_applicable(make_run, tmp_path):
    runs = [make_run("fcid", seed) for seed in (0, 1)]
    cells = tuple(cell for cell in runs[0].cells if not cell.toc)
    runs += [replace(runs[0], method="simmmdg", seed=seed, cells=cells, codebook=False) for seed in (0, 1)]
    table = make_table(runs, read_published(), {})
    row = row_of(table, "simmmdg", True)
    assert row.kind == "method" and all(not cell.applies and cell.mean is None for cell in row.cells.values())
    assert row_of(table, "simmmdg", False, "method").cells["ave_va"].published == "49.5"
    retrieval = make_table(runs, read_published(), {}, layout=TABLE10)
    assert "simmmdg" not in {row.method for row in retrieval.rows}  # neither a score nor a published number
    (tmp_path / "t.csv").write_text(table_csv(table))
    assert row_of(read_table(tmp_path / "t.csv"), "simmmdg", True).cells == row.cells
    (line,) = [line for line in table_markdown(table).splitlines() if line.startswith("| SimMMDG+TOC")]
    assert line.count(" n/a |") == len(COLUMNS)
    (shown,) = [fields for _, fields in score_table(table).rows if fields[0].text == "SimMMDG+TOC"]
    assert [field.text for field in shown].count("n/a") == len(COLUMNS)
    assert "simmmdg_toc" not in metrics(table) and "simmmdg" in metrics(table)
    assert "n/a" in latex.table_latex(table) and len(seed_table(table).rows) == sum(len(r.seeds) for r in table.rows)


def test_released_scripts_do_not_apply_to_a_method_without_a_codebook(make_run, tmp_path):
    run = make_run("fcid", 0)
    retrieved = [cell for cell in run.cells if cell.task in ("mscoco", "clotho", "flickrsound") and not cell.toc]
    runs = [
        replace(run, method="simmmdg", protocol="published", cells=tuple(retrieved), codebook=False),
        replace(run, protocol="published"),
    ]
    table = make_table(runs, read_published(), {})
    row = row_of(table, "simmmdg", False, "method")
    assert (
        row.seeds == ()
        and not any(cell.applies for cell in row.cells.values())
        and row.cells["ave_va"].published == "49.5"
    )
    assert all(cell.applies for cell in row_of(table, "fcid", False, "method").cells.values())
    (tmp_path / "t.csv").write_text(table_csv(table))
    assert row_of(read_table(tmp_path / "t.csv"), "simmmdg", False, "method").cells == row.cells
    assert "without a codebook has n/a there" in table_markdown(table)
    assert len(seed_table(table).rows) == sum(len(r.seeds) for r in table.rows)


def recall_cell(task, direction, toc, level):
    side = {"r1": level, "r5": level + 10, "r10": level + 20, "chance_r1": 1.0, "chance_r5": 5.0, "chance_r10": 10.0}
    return make_cell(
        task=task, direction=direction, toc=toc, metric="recall", score=level + 10, chance=16 / 3, side=side
    )


def retrieval_run(seed, tasks=("mscoco", "clotho", "flickrsound")):
    ways = {task: directions for task, _, directions in PAIRS}
    cells = [
        recall_cell(t, d, toc, 10.0 * place + seed + toc)
        for t in tasks
        for place, d in enumerate(ways[t])
        for toc in (False, True)
    ]
    return Run("fcid", "paper", seed, "strict", tuple(cells))


def test_retrieval_is_the_mean_over_directions_with_the_published_number_beside(tmp_path):
    table = make_table([retrieval_run(0), retrieval_run(2)], read_published(), {}, "sample", layout=TABLE10)
    row = row_of(table, "fcid", False)
    assert row.cells["mscoco_r1"].values == (5.0, 7.0) and row.cells["mscoco_r10"].mean == 26.0
    assert row.cells["retrieval_avg"].mean == pytest.approx(16.0)
    assert [row.cells[key].published for key in ("mscoco_r1", "clotho_r10", "flickrsound_r5", "retrieval_avg")] == [
        "1.30",
        "18.19",
        "11.80",
        "8.89",
    ]
    assert row_of(table, "chance", None).cells["clotho_r5"].mean == 5 and {row.kind for row in table.rows} == {
        "chance",
        "method",
    }
    for layout in (TABLE2, TABLE10):
        path = tmp_path / f"{layout.name}.csv"
        path.write_text(table_csv(make_table([retrieval_run(0)], read_published(), {}, layout=layout)))
        back = read_table(path, layout)
        assert row_of(back, "fcid", True).cells["flickrsound_r10"].mean == pytest.approx(26.0)
        assert latex.main([str(path)]) == 0


def test_a_retrieval_task_that_was_not_run_leaves_empty_cells(make_run):
    row = row_of(make_table([retrieval_run(0, ("clotho",))], read_published(), {}, layout=TABLE2), "fcid", False)
    assert (
        row.cells["clotho_r10"].mean == 25
        and row.cells["mscoco_r10"].mean is None
        and row.cells["retrieval_avg"].mean is None
    )
    assert row.cells["mscoco_r10"].published == "9.60"
    # no retrieval at all
    nothing = row_of(make_table([make_run()], read_published(), {}, layout=TABLE2), "fcid", False)
    assert (
        all(cell.mean is None for cell in nothing.cells.values()) and nothing.cells["retrieval_avg"].published == "8.89"
    )


def test_published_retrieval_averages_agree_with_their_cells():
    for toc in (False, True):
        for method in ("cmcm", "dcid", "fcid"):
            found = lookup(read_published(), method, toc)
            mean = statistics.fmean(found[spec.key].value for spec in TABLE10.cells)
            assert found["retrieval_avg"].value == pytest.approx(mean, abs=0.006)
