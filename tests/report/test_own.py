"""Scores on files of one's own: CSV, Markdown, and their part of the page."""

import csv
from dataclasses import replace

import pytest

from cmg.answers import Answer
from cmg.report.classes import class_panels
from cmg.report.html import report_html
from cmg.report.measured import Measured
from cmg.report.own import own_csv, own_markdown, own_tables
from cmg.results import Run
from tests.report.conftest import make_cell

WAYS = {"va": ("video", "audio"), "vv": ("video", "video"), "vt": ("video", "text")}


def run_of(seed, method="fcid", **scores):
    asked = {"pets.classes": ("va", "vv"), "pets.pairs": ("vt",)}
    cells = [
        replace(
            make_cell(task=task, direction=way, toc=toc, score=scores.get(way, 50.0) + seed, chance=25.0),
            fit_modality=WAYS[way][0],
            test_modality=WAYS[way][1],
        )
        for task, ways in asked.items()
        for way in ways
        for toc in (False, True)
    ]
    return Run(method, "paper", seed, "strict", tuple(cells))


@pytest.fixture
def runs():
    return [run_of(0, va=40.0), run_of(2, va=40.0), run_of(0, "baseline", va=30.0)]


def test_csv_and_markdown_have_a_line_per_task_method_direction_and_toc(runs):
    rows = list(csv.DictReader(own_csv(runs, {}, "").splitlines()))
    assert len(rows) == 2 * 3 * 2
    (one,) = [
        row
        for row in rows
        if (row["method"], row["task"], row["direction"], row["toc"]) == ("fcid", "pets.classes", "va", "no")
    ]
    assert (one["mean"], one["sd"], one["values"], one["seeds"]) == ("41.00", "1.41", "40.00;42.00", "0;2")
    assert "| pets.classes (" in own_markdown(runs) and own_markdown(runs).count("V→A") == 4


def test_the_page_has_a_table_per_task_with_a_column_per_direction(runs):
    classes, pairs = own_tables(runs)
    assert [text for text, _ in classes.heads] == ["Method", "V→A", "V→V"] and [text for text, _ in pairs.heads] == [
        "Method",
        "V→T",
    ]
    texts = [[field.text for field in fields] for _, fields in classes.rows]
    assert texts[0] == ["Chance", "25.0", "25.0"] and ["FCID", "41.0", "51.0"] in texts and len(texts) == 1 + 4
    assert own_tables([]) == []


def test_the_section_is_there_where_there_are_such_scores(inputs, runs):
    assert 'id="own"' not in report_html(inputs, Measured())
    page = report_html(replace(inputs, runs=tuple(runs)), Measured())
    assert 'id="own"' in page and 'href="#own"' in page and "own.csv" in page and "pets.classes" in page


def test_classes_and_confusions_of_own_tasks_are_shown_between_modalities():
    held = [
        Answer("pets.classes", way, False, "pets", 0, "cat", told, False)
        for way in ("va", "vv")
        for told in ("cat", "dog")
    ]
    panels = class_panels({"fcid-0": held})
    assert list(panels) == ["pets.classes"] and [panel.title for panel in panels["pets.classes"]] == [
        "pets.classes V→A: single classes",
        "pets.classes V→A: confusions of FCID",
    ]
