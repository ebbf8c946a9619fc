"""The page in a real headless Chromium: nothing goes wrong or is fetched, tables sort by mouse and keys, nothing
overflows or is lost."""

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cmg.media.preview import jpeg
from cmg.report.history import read_history
from cmg.report.html import report_html
from cmg.report.inputs import Training
from cmg.report.logs import Log
from cmg.report.measured import Absent, Measured
from cmg.report.pagetables import score_table
from cmg.report.retrieved import Exhibit, Picture
from cmg.report.write import build_table
from tests.report import chromium
from tests.report.conftest import make_files, make_inputs
from tests.report.test_health import HEAD, ROWS, make_maps
from tests.report.test_retrieved import SENTENCE, SOUND, shown
from tests.report.test_tables import retrieval_run

pytestmark = pytest.mark.skipif(
    chromium.PROGRAM is None, reason="no Chromium or Chrome on this machine; the structural tests of the page ran"
)

PHONE, DESK, PAPER = 390, 1280, 718  # pixels; A4 upright without its margins
HEADS = "document.querySelectorAll('#table1-caption')[0].closest('table').querySelectorAll('thead th')"
SHOWN = (
    "[...document.querySelectorAll('#table1-caption')[0].closest('table').tBodies[0].rows]"
    ".map(row => row.cells[1].dataset.sort ?? '')"
)
OUTSIDE = (
    "[...document.querySelectorAll('body *')]"
    ".filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'))\n"
    "  .map(e => e.outerHTML.slice(0, 80))"
)
PARTS = ", ".join(f"main {part}" for part in "h2 h3 p li dt dd table tr figure img svg".split())
LOST = (
    f"[...document.querySelectorAll('{PARTS}')]"
    ".filter(e => !e.checkVisibility({visibilityProperty: true, opacityProperty: true}))\n"
    "  .map(e => e.outerHTML.slice(0, 80))"
)
UNFOLDED = LOST.replace(".map(", ".filter(e => !e.closest('details')).map(")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.started(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """The page with every section filled."""
    folder = tmp_path_factory.mktemp("pages")
    inputs = make_inputs(make_files(folder))
    health = folder / "fcid-0/codebook.csv"
    health.parent.mkdir()
    health.write_text("\n".join([HEAD, *ROWS]) + "\n")
    picture = Exhibit("picture 1", "a dog", Picture(jpeg(np.full((84, 112, 3), 99, np.uint8)), 112, 84))
    asked = shown(
        ("mscoco", "vt", picture, SENTENCE, SENTENCE, SENTENCE), ("flickrsound", "av", SOUND, picture, picture, picture)
    )
    recalls = {run.name: run.cells for run in map(retrieval_run, range(3))}
    runs = tuple(replace(run, cells=run.cells + recalls.get(run.name, ())) for run in inputs.runs)
    inputs = replace(inputs, runs=runs, **asked, health=(read_history(health, "epoch"),), maps=(make_maps(30),))
    logs = [
        Log("features", "ave-video", 100.0),
        Log("pretrain", "fcid-0", 50.0, "Some CPU, 2 cores", 1.5),
        Log("evaluate", "fcid-0", 5.0),
    ]
    training = tuple(
        Training(run.name, 291, {"epochs": 15, "batch_size": 32, "learning_rate": 4e-4, "precision": "float32"})
        for run in runs
    )
    inputs = replace(inputs, datasets=(("ave", "sample"), ("mscoco", "raw")), training=training)
    swept = replace(score_table(build_table(inputs)), name="table5", title="Table 5")
    absent = (
        Absent("results/codaar_figure7.csv", "not made yet", "dvc repro ablations/codaar/dvc.yaml:codaar_figure7"),
    )
    found = folder / "report.html"
    found.write_text(report_html(inputs, Measured(tuple(logs), ("codes/fcid-0",), (swept,), absent)), encoding="utf-8")
    return found


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_goes_wrong_is_fetched_or_overflows(browser, page, width):
    browser.open(page, width)
    assert browser.complaints() == []
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") <= width and browser.evaluate(OUTSIDE) == []
    assert browser.evaluate("[...document.images].filter(image => !image.naturalWidth).length") == 0, (
        "every picture is one"
    )
    assert browser.evaluate(UNFOLDED) == [] and browser.evaluate(LOST) != [], (
        "what is folded away, and nothing else, is not shown"
    )
    browser.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true; })")
    assert browser.evaluate(LOST) == [], "everything can be unfolded"
    assert browser.evaluate("document.documentElement.scrollWidth") <= width and browser.evaluate(OUTSIDE) == []


def test_the_result_is_seen_without_scrolling_and_table_1_without_scrolling_sideways(browser, page):
    browser.open(page, DESK)
    for part in (".said-first", "header figure svg"):
        box = browser.evaluate(
            f"(r => [r.top, r.bottom, r.right])(document.querySelector('{part}').getBoundingClientRect())"
        )
        assert 0 <= box[0] < box[1] <= 800 and box[2] <= DESK, part
    first, second = browser.evaluate(
        "[...document.querySelectorAll('.two > *')].slice(0, 2).map(e => e.getBoundingClientRect().left)"
    )
    assert first < second, "two columns where there is width"
    wide = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('#table1-caption').closest('.scroll'))"
    assert browser.evaluate(wide) <= 0
    browser.open(page, PHONE)
    assert browser.evaluate("document.querySelector('.said-first').getBoundingClientRect().bottom") <= 800
    number = (
        "document.querySelector('#table1-caption').closest('table')"
        ".tBodies[0].rows[1].cells[1].getBoundingClientRect().right"
    )
    assert browser.evaluate(number) <= PHONE, "the average stands beside the method"


def test_a_phone_is_not_scrolled_for_ever_and_the_keyboard_unfolds(browser, page):
    browser.open(page, PHONE)
    folded = browser.evaluate("document.documentElement.scrollHeight")
    browser.evaluate("document.querySelector('#training').closest('section').querySelector('summary').focus()")
    browser.press("Enter")
    assert browser.evaluate("document.activeElement.parentElement.open") is True
    browser.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true; })")
    assert folded < 0.5 * browser.evaluate("document.documentElement.scrollHeight")


def numbers(browser) -> list[float]:
    """The first score column as it stands, and where empty ones are."""
    values = browser.evaluate(SHOWN)
    filled = [float(value) for value in values if value]
    assert values[len(filled) :] == [""] * (len(values) - len(filled)), "empty cells stay last"
    return filled


def test_a_click_on_a_head_sorts(browser, page):
    browser.open(page, DESK)
    before = browser.evaluate(SHOWN)
    browser.click(f"{HEADS}[1].querySelector('button')")
    down = numbers(browser)
    assert down == sorted(down, reverse=True) and len(down) > 5 and browser.evaluate(SHOWN) != before
    assert browser.evaluate(f"[...{HEADS}].map(head => head.getAttribute('aria-sort'))[1]") == "descending"
    browser.click(f"{HEADS}[1].querySelector('button')")
    up = numbers(browser)
    assert up == sorted(up) and browser.evaluate(f"{HEADS}[1].getAttribute('aria-sort')") == "ascending"
    assert sorted(browser.evaluate(SHOWN)) == sorted(before), "no row is lost"
    browser.click(f"{HEADS}[0].querySelector('button')")
    assert browser.evaluate(f"[...{HEADS}].filter(head => head.hasAttribute('aria-sort')).length") == 1


def test_the_keyboard_reaches_a_head_and_sorts(browser, page):
    browser.open(page, DESK)
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.className") == "skip", "the way past the navigation comes first"
    assert browser.evaluate("document.activeElement.getBoundingClientRect().x") >= 0, "and shows when it is reached"
    browser.evaluate("document.querySelector('#table1-caption').closest('.scroll').focus()")
    for _ in range(2):
        browser.press("Tab")
    assert browser.evaluate(f"document.activeElement === {HEADS}[1].querySelector('button')")
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", (
        "it is seen where the focus is"
    )
    browser.press("Enter")
    assert numbers(browser) == sorted(numbers(browser), reverse=True)
    browser.press("Space")
    assert numbers(browser) == sorted(numbers(browser))


def test_on_paper_nothing_is_lost_or_cut_off(browser, page):
    browser.open(page, PAPER, media="print")
    before = browser.evaluate("document.querySelectorAll('details[open]').length")
    assert browser.evaluate("document.querySelectorAll('details:not([open])').length") > 0
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate(LOST) == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= PAPER
    wide = (
        "[...document.querySelectorAll('table')]"
        ".filter(t => t.getBoundingClientRect().right > innerWidth).map(t => t.caption.id)"
    )
    assert browser.evaluate(wide) == []
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate("document.querySelectorAll('details[open]').length") == before, "the page is as it was"
    assert base64.b64decode(browser.call("Page.printToPDF")["data"]).startswith(b"%PDF")


def test_a_page_that_is_wrong_is_found_out(browser, tmp_path):
    path = tmp_path / "wrong.html"
    wrong = (
        "<div style='width:900px'>x</div>"
        "<script>console.error('e'); fetch('http://localhost:9/x').catch(() => 0); missing();</script>"
    )
    path.write_text(f"<!doctype html><main><p hidden>gone</p></main>{wrong}")
    browser.open(path, PHONE)
    said = " ".join(browser.complaints())
    assert "console.error" in said and "missing is not defined" in said and "request: http://localhost:9/x" in said
    assert browser.evaluate("document.documentElement.scrollWidth") > PHONE and len(browser.evaluate(OUTSIDE)) == 1
    assert browser.evaluate(LOST) == ['<p hidden="">gone</p>']
