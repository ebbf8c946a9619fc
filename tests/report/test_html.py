"""The report page: self-contained, structured, safe, and the same bytes for the same inputs."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from cmg.answers import keep, keeping
from cmg.report import headline, pagetables
from cmg.report.codebooks import CodebookMaps
from cmg.report.html import SECTIONS, report_html, write_report
from cmg.report.inputs import Training
from cmg.report.latex import table_latex
from cmg.report.logs import Log
from cmg.report.measured import Absent, Measured
from cmg.report.tablecsv import table_csv
from cmg.report.tables import Summary
from cmg.report.write import build_table
from tests.pages import without_measured
from tests.report.conftest import HOSTILE, make_files, make_inputs
from tests.report.test_tables import retrieval_run

NOTHING = Measured()


class Page(HTMLParser):
    """Elements with attributes, and the text that a reader sees."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            continue

    def handle_data(self, data):
        if data.strip() and not {"script", "style", "title"} & set(self.open):
            self.text.append(data.strip())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return report_html(make_inputs(make_files(tmp_path_factory.mktemp("files"))), NOTHING)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_first_thing_read_says_what_the_data_are(page):
    start = " ".join(page.text[:6]).lower()
    assert "sample" in start and "random" in start


def test_nothing_is_loaded_from_elsewhere(text):
    assert not re.findall(r"""(?:src|href|action)\s*=\s*["'](?!#|data:)[^"']*""", text)
    assert "@import" not in text and not re.findall(r"""url\(\s*["']?(?!#|data:)[^)]*""", text)


def test_tables_headings_and_pictures_can_be_followed_without_seeing(page):
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("table") and all("scope" in attributes for attributes in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    pictures = [attributes for attributes in page.all("svg") if attributes.get("role") == "img"]
    assert pictures and all("aria-label" in picture or "aria-labelledby" in picture for picture in pictures)


def test_there_is_a_print_style_and_a_phone_viewport(text, page):
    assert "@media print" in text
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))


def test_hostile_ids_are_text(text):
    assert HOSTILE not in text and "<b>bold</b>" not in text and "&lt;script&gt;" in text


def test_every_section_has_its_heading_and_its_place_in_the_navigation(page):
    ids = {attributes.get("id") for name, attributes in page.elements if name == "h2"}
    assert (
        ids
        == {name for name, _ in SECTIONS} - {"own"}
        == {link["href"][1:] for link in page.all("a") if link.get("class") != "skip" and link["href"].startswith("#")}
    )
    assert {"examples", "codebook", "maps", "time"} <= ids and len(page.all("section")) == len(SECTIONS) - 1


def test_failures_and_problems_are_counted_with_reasons(page):
    words = " ".join(page.text)
    assert "no audio stream" in words and "no frame in 60 s" in words and "offset before onset" in words
    assert "6 decisions were made for usable clips (3 lists read)" in words and "turned by 90 degrees" in words


def test_the_same_inputs_give_the_same_bytes(inputs, tmp_path):
    first, second = (write_report(tmp_path / name, inputs, NOTHING).read_bytes() for name in ("a.html", "b.html"))
    assert first == second


def test_what_is_measured_stands_between_its_marks_alone(inputs):
    logs = (Log("pretrain", "fcid-0", 50.0, f"Some {HOSTILE} CPU", 1.5), Log("scan", "ave", 2.0))
    measured = Measured(
        logs,
        ("codes/fcid-1", "codes/fcid-2"),
        absent=(Absent("results/table5.csv", "<!--/measured-->", "dvc repro x"),),
    )
    text = report_html(inputs, measured)
    words = " ".join(Page(text).text)
    assert text != report_html(inputs, NOTHING) and without_measured(text) == without_measured(
        report_html(inputs, NOTHING)
    )
    assert "CPU" not in " ".join(Page(without_measured(text)).text) and HOSTILE not in text
    setting = text[text.index('id="setting"') : text.index('id="examples"')]
    assert "Some &lt;script&gt;" in setting, "hardware is part of what was run on what"
    assert "2 stages took 52 s" in words and "codes (fcid-1, fcid-2)" in words and "pretrain 50.0 s" in words
    assert "results/table5.csv" in words and "dvc repro x makes it" in words


def test_without_logs_the_page_says_so(page):
    words = " ".join(page.text)
    assert words.count("log on this machine") == 2
    assert "CoDAAR, Supplement Table 9" in words, "the papers' costs stand alone"


def test_the_result_comes_first_and_what_its_names_mean_is_on_the_page(inputs):
    training = tuple(
        Training(run.name, 291, {"epochs": 15, "batch_size": 32, "learning_rate": 4e-4, "precision": "float32"})
        for run in inputs.runs
    )
    inputs = replace(inputs, datasets=(("ave", "sample"), ("mscoco", "raw"), ("avvp", "released")), training=training)
    text = report_html(inputs, Measured(commit="0123456789ab"))
    page = Page(text)
    words = " ".join(page.text)
    start = words[: words.index("Does what is learnt from pictures")]
    for expected in (
        *(
            "FCID+TOC transfers best: 66.",
            "chance 7.0",
            "best control (InfoNCE + k-means+TOC)",
            "bound in the same modality",
            "published",
        ),
        *(
            "Generated sample corpus: ave; official media files: mscoco; released features: avvp.",
            "commit 0123456789ab",
            "table1.csv",
        ),
    ):
        assert expected in start, expected
    before = words[words.index("How to read the numbers") :]
    for expected in (
        *(
            "Fine and Coarse cross-modal Information Disentangling",
            "Variant: paper",
            "The equations as the paper prints them",
        ),
        *(
            "AVE: ten-second clips",
            "retrieval between picture and sentence",
            "generated sample corpus: ave; official media files: mscoco; released features: avvp",
        ),
        *("drawn texture", "0.0004", "float32", "291", "Same modality (bound)"),
    ):
        assert expected in before, expected
    terms = re.findall("<dt>(.*?)</dt>", text)
    assert {"Data", "Protocol", "Hardware", "Scale"} <= set(terms) and len(set(terms)) == len(terms), (
        "each thing is said once"
    )


def test_loss_terms_are_explained_beside_their_curves(text):
    section = text[text.index('id="training"') : text.index('id="codebook"')]
    assert "FCID: recon_audio" in section and "how far the features restored from codes" in section
    assert "Contrastive" not in section and "how far encoded vectors are from the codes" in section


def test_every_table_is_shown_once_and_one_that_is_part_of_another_is_named(inputs):
    recalls = tuple(retrieval_run(seed) for seed in range(3))
    cells = {run.name: run.cells for run in recalls}
    inputs = replace(inputs, runs=tuple(replace(run, cells=run.cells + cells.get(run.name, ())) for run in inputs.runs))
    page = Page(report_html(inputs, NOTHING))
    captions = [attributes["id"] for attributes in page.all("caption")]
    assert len(set(captions)) == len(captions)
    assert {"table1-caption", "table10-caption", "codaar_table8-caption", "open-set-caption"} <= set(captions)
    assert (
        "table2-caption" not in captions
        and "Table 2 of the paper is the part of Table 10 with the columns" in " ".join(page.text)
    )


@pytest.mark.parametrize(
    ("ties", "said"), [("expected", "random order, in expectation"), ("release", "released scripts' sort")]
)
def test_ties_are_described_as_the_runs_counted_them(inputs, ties, said):
    recalls = retrieval_run(0)
    cells = tuple(replace(cell, side={**cell.side, "ties": ties}) for cell in recalls.cells)
    runs = tuple(replace(run, cells=run.cells + (cells if run.name == recalls.name else ())) for run in inputs.runs)
    words = " ".join(Page(report_html(replace(inputs, runs=runs), NOTHING)).text)
    assert said in words and ("in expectation" in words) == (ties == "expected")


def test_a_published_page_says_that_background_counts(inputs):
    runs = tuple(replace(run, protocol="published") for run in inputs.runs)
    assert "background column included" in " ".join(Page(report_html(replace(inputs, runs=runs), NOTHING)).text)
    assert "background column included" not in " ".join(Page(report_html(inputs, NOTHING)).text)


def test_codebooks_of_one_run_are_told_apart_and_their_dataset_is_named(inputs):
    def maps(part, dataset, sentences):
        kinds, cosines = np.array(["shared", "single"]), np.eye(2)
        modalities = ("audio", "video", "text")
        return CodebookMaps("turn-0", dataset, modalities, kinds, cosines, None, 0, part=part, sentences=sentences)

    both = [maps(f"codebook {number} of 2", "vggsound_avel", 16) for number in (1, 2)]
    page = Page(report_html(replace(inputs, maps=tuple(both)), NOTHING))
    words = " ".join(page.text)
    assert "TURN, codebook 1 of 2: codes by modality" in words and "TURN, codebook 2 of 2: codes by modality" in words
    assert words.count("Counted on VGGSound-AVEL (audio, video, text)") == 1
    assert "16 class sentences, so at most 16 codes can be text codes" in words and "not comparable" in words
    words = " ".join(Page(report_html(replace(inputs, maps=(maps("", "valor32k", 60),)), NOTHING)).text)
    assert (
        "Counted on VALOR-32K (audio, video, text), as the paper's Figures 6 and 7." in words
        and "class sentences" not in words
    )


def test_codebook_maps_are_described_and_stand_inside(inputs):
    rng = np.random.default_rng(0)
    cosines = np.corrcoef(rng.normal(size=(30, 8)))
    kinds = np.array(["single", "shared", "mixed"] * 9 + ["unused"] * 3)
    both, places = ("audio", "video"), rng.normal(size=(2, 30, 2))
    maps = CodebookMaps("codaar-0", "vggsound_avel", both, kinds, cosines, cosines**3, 6, places, both)
    inputs = replace(inputs, histories=())
    text = report_html(replace(inputs, maps=(maps,)), NOTHING)
    page = Page(text)
    words = " ".join(page.text)
    assert "one modality alone (over 95 % of its use): 9" in text and "unused: 3" in text
    assert (
        f"Mean over different codes: {(cosines.sum() - 30) / 870:.3f}" in text
        and "the 6 dimensions that TOC keeps" in words
    )
    assert "codebooks of the modalities" in words
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:)[^"']*""", text)
    assert text == report_html(replace(inputs, maps=(maps,)), NOTHING)
    assert len(text) - len(report_html(inputs, NOTHING)) < 120_000


def test_table_1_has_the_average_first_and_says_once_what_all_rows_share(text):
    table = text[text.index('id="table1-caption"') : text.index("</table>", text.index('id="table1-caption"'))]
    heads = re.findall(r"<th scope=\"col\"[^>]*>([^<]*)</th>", table)
    assert heads[:2] == ["Method", "Average"] and len(heads) == 10
    assert "All rows: protocol strict; variant paper; VGGSound-AVEL 40k; seeds 0, 1, 2." in table
    assert "same modality" not in table and "strict</td>" not in table
    folded = text[text.index("<summary>Table 1: bounds") :]
    assert "FCID (same modality)" in folded[: folded.index("</details>")]


def test_a_number_that_only_a_paper_has_stands_behind_a_dash():
    field = pagetables.score_field(Summary(published="42.4"), 1)
    assert (field.text, field.sort, field.lines) == ("–", "", (("paper", "42.4"),))
    assert (
        pagetables.score_field(Summary(), 1).text == ""
        and pagetables.score_field(Summary(50.0, published="42.4"), 1).text == "50.0"
    )


def test_the_files_of_a_table_stand_in_the_page(inputs, text):
    held = dict(re.findall(r'download="([^"]+)" href="data:[^,"]*;base64,([^"]+)"', text))
    table = build_table(inputs)
    assert base64.b64decode(held["table1.csv"]).decode() == table_csv(table)
    assert base64.b64decode(held["table1.tex"]).decode() == table_latex(table)
    assert {"codaar_table8.csv", "codaar_table8.tex"} <= held.keys()


def test_the_chart_says_what_it_shows(inputs):
    table = build_table(inputs)
    described = headline.chart(table).description
    for row in headline.shown_rows(table):
        assert f"{row.cells['avg'].mean:.1f}" in described
    assert "bound" in described and "published" in described and "Chance" in described


def test_without_an_average_the_first_task_that_ran_comes_first(inputs, make_run):
    runs = (make_run("fcid", 0, skip=("ave_va",)),)
    part = build_table(replace(inputs, runs=runs))
    assert (
        headline.sentence(part) == ""
        and headline.shown_rows(part) == []
        and headline.leading(build_table(inputs)) == ["avg"]
    )
    assert headline.leading(part) == ["ave_av", "avvp_va"]
    text = report_html(replace(inputs, runs=runs), NOTHING)
    words = " ".join(Page(text).text)
    assert "so there is no average" in words and "transfers best: " in words and " % in AVE A→V; chance " in words
    first = text[: text.index('<h2 id="results">')]
    assert "AVE A→V of table 1" in first and "Average of table 1" not in first
    folded = text[text.index("The same numbers as pictures (") :]
    assert folded.startswith("The same numbers as pictures (7)"), "cells that ran, and no average"
    assert headline.leading(build_table(replace(inputs, runs=()))) == []


def test_classes_and_confusions_of_the_best_method_are_drawn_and_described(inputs):
    def answers(right):
        with keeping() as found:
            keep(
                ("ave", "va", False),
                "ave",
                np.arange(4),
                (HOSTILE, "Cat"),
                np.array([0, 0, 1, 1]),
                np.array([0, 0, 1, 1 if right else 0]),
            )
        return found

    kept = {"fcid-0": answers(True), "fcid-1": answers(False), "baseline-0": answers(False)}
    text = report_html(replace(inputs, answers=kept), NOTHING)
    section = text[text.index('id="classes"') : text.index('id="meaning"')]
    assert "AVE V→A: single classes" in section and "AVE V→A: confusions of FCID" in section and HOSTILE not in text
    assert (
        "Cat taken for &lt;script&gt;" in section
        and "FCID: " in section
        and "Cat 75" in section
        and "Cat 50" in section
    )
    assert "No run kept the answers" in report_html(inputs, NOTHING)


def test_a_table_of_which_nothing_ran_is_folded_away(inputs, make_run):
    """Its published rows are one click away; what has a score of ours stands open."""
    told = re.compile(r"<details><summary>([^<]*): no run here has a score of it</summary>")
    text = report_html(replace(inputs, runs=(make_run("fcid", 0),)), NOTHING)
    assert told.findall(text) == ["Table 10"], "the others have columns of table 1"
