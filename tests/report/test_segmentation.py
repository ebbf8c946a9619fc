"""The segmentation's table and page: rows in order, what is beside what, everything escaped, the same bytes."""

import csv
import io
import re

import pytest

from cmg.report.segmentation import MEASURES, READING, read_printed, rows_of, segmentation_csv, segmentation_markdown
from cmg.report.segmentation_page import Image, Shown, segmentation_page
from cmg.results import Run
from tests.report.conftest import make_cell

NOTICE = "sample corpus: these numbers show that the workflow runs"
FLOORS = {"foreground_miou": 27.0, "foreground_f": 32.0, "constant_miou": 37.5}


def cell(direction, right, wrong):
    side = {
        "right_miou": right,
        "right_f": right + 2,
        "missing_miou": 20.0,
        "wrong_miou": wrong,
        "right_minus_wrong": right - wrong,
    }
    about = {"task": "avs_s4", "direction": direction, "metric": "miou", "score": right, "chance": 37.5}
    return make_cell(**about, side={**side, **FLOORS})


def run(method, seed, directions):
    cells = tuple(cell(direction, right + seed, wrong) for direction, (right, wrong) in directions.items())
    return Run(method, "" if method.endswith("query") else "paper", seed, "strict", cells)


@pytest.fixture(scope="module")
def runs():
    four = {"at": (50.0, 10.0), "ta": (45.0, 12.0), "aa": (70.0, 5.0), "tt": (80.0, 3.0)}
    made = [run("no_query", seed, {"no_query": (33.0, 33.0)}) for seed in (0, 1)]
    made += [run("class_query", seed, {"class_query": (93.0, 1.0)}) for seed in (0, 1)]
    made += [run(method, seed, four) for method in ("baseline", "dcid") for seed in (0, 1)]
    return [*made, run("simmmdg", 0, {"aa": (40.0, 30.0)})]


def read(rows, notice=""):
    lines = segmentation_csv(rows, notice).splitlines()
    return list(csv.DictReader(io.StringIO("\n".join(lines[bool(notice) :]))))


def test_rows_stand_in_order_with_their_bounds_below(runs):
    found = [(line["method"], line["direction"], line["kind"]) for line in read(rows_of(runs, {}))]
    assert found[:4] == [
        ("All foreground", "", "chance"),
        ("Best single mask (chance)", "", "chance"),
        ("No query", "", "reference"),
        ("The class as query", "", "reference"),
    ]
    assert found[4:8] == [
        (name, arrow, kind) for name, kind in (("Baseline", "control"), ("DCID", "method")) for arrow in ("A→T", "T→A")
    ]
    assert [line[1:] for line in found[8:13]] == [("A→A", "bound"), ("T→T", "bound")] * 2 + [("A→A", "bound")]
    assert {kind for _, _, kind in found[13:]} == {"published"} and len(found) == 13 + len(read_printed())


def test_means_deviations_and_every_seeds_value(runs):
    (line,) = [line for line in read(rows_of(runs, {})) if (line["method"], line["direction"]) == ("DCID", "A→T")]
    assert (line["miou_mean"], line["miou_sd"], line["miou_seeds"]) == ("50.50", "0.71", "50.00;51.00")
    assert (line["right_minus_wrong_mean"], line["wrong_miou_mean"], line["seeds"]) == ("40.50", "10.00", "0;1")
    assert (line["published_miou"], line["published_f"]) == ("78.0", "87.1")
    floor = read(rows_of(runs, {}))[0]
    assert (floor["miou_mean"], floor["f_mean"], floor["wrong_miou_mean"]) == ("27.00", "32.00", "")


def test_published_numbers_stand_beside_their_own_method_alone(runs):
    lines = read(rows_of(runs, {}))
    beside = {
        (line["method"], line["direction"]) for line in lines if line["published_miou"] and line["kind"] != "published"
    }
    assert beside == {("DCID", "A→T"), ("DCID", "T→A")}
    printed = [(line["published_miou"], line["published_f"]) for line in lines if line["kind"] == "published"]
    assert ("69.8", "81.4") in printed and ("78.7", "87.9") in printed


def test_fingerprints_and_notice(runs):
    rows = rows_of(runs, {f"dcid-{seed}": f"{seed}" * 16 for seed in (0, 1)})
    assert {bool(row.fingerprint) for row in rows if row.name == "DCID"} == {True}
    assert not any(row.fingerprint for row in rows if row.name == "Baseline")
    assert segmentation_csv(rows, NOTICE).startswith(f"# {NOTICE}\n") and segmentation_markdown(
        rows, NOTICE
    ).startswith("> **sample corpus")
    assert segmentation_csv(rows, NOTICE) == segmentation_csv(rows, NOTICE)


def test_markdown_says_what_counts(runs):
    text = segmentation_markdown(rows_of(runs, {}), "")
    assert READING in text and "2502.00358" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| DCID | A→T")]
    assert "50.5 ± 0.7" in line and "*78.0*" in line
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_the_page_is_whole_escaped_and_says_what_pictures_show(runs):
    hostile = '<script>alert("x")</script>'
    shown = Shown(
        "DCID",
        ("Frame", "A→T right query"),
        ((hostile, "dog", (Image(b"\x89PNG", "Frame of a dog"), Image(b"\x89PNG", hostile, "IoU 0.50"))),),
    )
    page = segmentation_page(rows_of(runs, {}), [shown], NOTICE)
    assert hostile not in page and "&lt;script&gt;alert" in page
    assert "Frame of a dog" in page and "IoU 0.50" in page
    assert page.count("data:image/png;base64,") == 2 and not re.search(r"(src|href)=\"https?:", page)
    assert all(text in page for text, _ in MEASURES.values()) and NOTICE.capitalize() in page
