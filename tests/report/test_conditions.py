"""What published numbers are: every one has its condition, and unlike quantities are named as such."""

from dataclasses import replace
from itertools import product

import pytest

from cmg.report.conditions import METRICS, condition_of, read_conditions
from cmg.report.layout import CODAAR_TABLE8, TABLE1, TABLE10
from cmg.report.published import SWEEPS, read_published
from cmg.report.reading import reading
from cmg.report.tables import make_table
from cmg.tasks.recipes import SCRIPTS, scripts_of

EVERY = (*read_published(), *read_published(SWEEPS))


def test_every_published_number_has_one_condition_and_every_condition_a_number():
    used = {condition_of(entry) for entry in EVERY}
    assert {found.metric for found in used} == set(METRICS)
    assert set(read_conditions()) <= used
    with pytest.raises(ValueError, match="0 lines on Table 99, fcid, ave_va"):
        condition_of(replace(EVERY[0], table="Table 99", method="fcid"))


@pytest.mark.parametrize("method", ["fcid", "dcid", "micu", "codaar"])
def test_our_published_protocol_scores_what_the_paper_prints(method):
    tasks = {entry.cell.rpartition("_")[0]: condition_of(entry).metric for entry in EVERY if entry.method == method}
    recipes = SCRIPTS[scripts_of(method)]
    assert {task: recipes[task].score for task in tasks if task in recipes} == {
        task: m for task, m in tasks.items() if task in recipes
    }


def test_codaars_copied_cells_are_those_of_the_other_paper():
    found = {
        (e.paper, e.cell): e.value
        for e in read_published()
        if e.method == "dcid" and not e.toc and e.pretraining == "40k"
    }
    copied = {cell: value for (paper, cell), value in found.items() if paper == "codaar"}
    assert copied and all(found["fcid_toc", cell] == value for cell, value in copied.items())
    assert all(
        "printed again" in condition_of(e).conditions
        for e in read_published()
        if e.paper == "codaar" and "digits" in condition_of(e).conditions
    )


def test_figures_7_and_8_are_72_numbers_that_share_the_main_run():
    drawn = [entry for entry in read_published(SWEEPS) if entry.paper == "codaar"]
    assert len(drawn) == 72 and {condition_of(e).metric for e in drawn} == {"macro_precision", "precision"}
    seven, eight = ({(e.method, e.cell): e.printed for e in drawn if e.table == f"Figure {n}"} for n in (7, 8))
    assert {key for key in seven if key in eight} == set(
        product(("codaar", "codaar+av"), ("ave_va", "ave_av", "avvp_va", "avvp_av"))
    )
    assert all(seven[key] == eight[key] for key in seven.keys() & eight.keys())


def test_tables_say_how_what_stands_beside_them_was_measured(make_run):
    one = reading(
        make_table([make_run("fcid"), replace(make_run("fcid"), method="dcid")], read_published(), {}, layout=TABLE1)
    )
    assert "- Table 1, FCID, AVE: top-1 accuracy, which the papers call precision; two linear layers" in one
    assert "row 0 of the codebook zero" in one and "CODIS" not in one
    eight = reading(make_table([make_run("fcid")], read_published(), {}, layout=CODAAR_TABLE8))
    assert "- Table 8, DCID, 40k, AVE→AVVP: F1" in eight and "printed again, not run (equal digits)." in eight
    assert "how they were measured" not in reading(make_table([make_run("baseline")], (), {}, layout=TABLE10))


def test_steadily_is_what_figure_8_is_and_figure_7_is_not():
    """What docs/ablations.md says of the printed lines."""
    lines: dict[tuple, list[float]] = {}
    for entry in read_published(SWEEPS):
        if entry.paper == "codaar":
            lines.setdefault((entry.table, entry.source_row.split()[0], entry.cell), []).append(entry.value)
    rises = {key: round(values[-1] - values[0], 2) for key, values in lines.items()}
    sizes, dimensions = ({key: rise for key, rise in rises.items() if key[0] == f"Figure {n}"} for n in (7, 8))
    assert len(sizes) == len(dimensions) == 8 and sum(rise < 0 for rise in sizes.values()) == 3
    assert not any(values == sorted(values) for key, values in lines.items() if key[0] == "Figure 7")
    assert (min(dimensions.values()), max(dimensions.values())) == (3.87, 34.12)
