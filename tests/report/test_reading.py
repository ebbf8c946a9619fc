"""How to read a table: what its text says follows its cells, its protocols and its runs."""

from dataclasses import replace

import pytest

from cmg.report.latex import table_latex
from cmg.report.layout import CODAAR_TABLE8, TABLE1, TABLE10
from cmg.report.pagetables import score_table
from cmg.report.published import read_published
from cmg.report.reading import reading
from cmg.report.sweeps import sweep_layout
from cmg.report.tablecsv import read_table, table_csv
from cmg.report.tables import make_table
from tests.report.test_tables import retrieval_run

BACKGROUND = "background included"


@pytest.mark.parametrize("layout", [TABLE1, CODAAR_TABLE8, sweep_layout("table7")], ids=lambda layout: layout.name)
def test_localisation_is_scored_as_the_protocols_of_the_rows_say(make_run, layout):
    strict, published = (make_run(protocol=protocol) for protocol in ("strict", "published"))
    alone = reading(make_table([strict], (), {}, layout=layout))
    assert "AVE→AVVP: segment-level F-score." in alone and BACKGROUND not in alone
    released = reading(make_table([published], (), {}, layout=layout))
    assert f"AVE→AVVP: F1 over all seconds and columns, {BACKGROUND}." in released and "segment-level" not in released
    assert "epoch is picked on the test score" in released
    both = reading(make_table([strict, published], (), {}, layout=layout))
    assert (
        f"segment-level F-score under `strict`, F1 over all seconds and columns, {BACKGROUND} under `published`" in both
    )


def test_retrieval_has_no_word_of_localisation_under_either_protocol():
    for protocol in ("strict", "published"):
        text = reading(make_table([replace(retrieval_run(0), protocol=protocol)], (), {}, layout=TABLE10))
        assert BACKGROUND not in text and "F-score" not in text and "R@k" in text


def with_ties(run, ties):
    return replace(run, cells=tuple(replace(cell, side={**cell.side, "ties": ties}) for cell in run.cells))


@pytest.mark.parametrize(
    ("ties", "said"),
    [
        (("expected",), "; equal codes count in expectation over random orders."),
        (("release",), "; equal codes stand in the order of the released sort (`evaluate.ties: release`)."),
        (
            ("expected", "release"),
            "; in some runs equal codes count in expectation over random orders, in others equal codes stand",
        ),
    ],
)
def test_ties_are_told_as_the_runs_counted_them(ties, said):
    runs = [with_ties(retrieval_run(seed), name) for seed, name in enumerate(ties)]
    text = reading(make_table(runs, (), {}, layout=TABLE10))
    assert (
        said in text
        and ("in expectation" in text) == ("expected" in ties)
        and ("released sort" in text) == ("release" in ties)
    )


@pytest.mark.parametrize(
    ("pretraining", "said"), [("40k", False), ("90k", False), ("24k", True), ("40k: train+val", True)]
)
def test_published_numbers_of_another_subset_are_told_in_every_form(make_run, tmp_path, pretraining, said):
    table = make_table([make_run()], read_published(), {}, pretraining=pretraining)
    (tmp_path / "t.csv").write_text(table_csv(table))
    for text in (reading(table), table_latex(read_table(tmp_path / "t.csv")), score_table(table).caption):
        assert (
            f"Ours, pretrained on {pretraining}, stand beside published numbers of models pretrained on 40k" in text
        ) == said
    assert {row.pretraining for row in read_table(tmp_path / "t.csv").rows} == {pretraining}


def test_bounds_are_told_where_there_are_some(make_run):
    run = make_run()
    without = replace(run, cells=tuple(cell for cell in run.cells if cell.direction in ("va", "av")))
    assert "Same modality" in reading(make_table([run], (), {})) and "Same modality" not in reading(
        make_table([without], (), {})
    )
