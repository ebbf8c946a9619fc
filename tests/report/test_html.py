"""The report page: self-contained, structured, safe, and the same bytes for the same inputs."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from cmg.report.html import SECTIONS, report_html, write_report
from cmg.report.maps import CodebookMaps
from tests.report.conftest import HOSTILE, make_files, make_inputs


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
    return report_html(make_inputs(make_files(tmp_path_factory.mktemp("files"))))


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
    assert ids == {name for name, _ in SECTIONS} == {link["href"][1:] for link in page.all("a") if link.get("class") != "skip"}
    assert {"examples", "codebook", "maps", "time"} <= ids and len(page.all("section")) == len(SECTIONS)


def test_failures_and_problems_are_counted_with_reasons(page):
    words = " ".join(page.text)
    assert "no audio stream" in words and "no frame in 60 s" in words and "offset before onset" in words


def test_the_same_inputs_give_the_same_bytes(inputs, tmp_path):
    first, second = (write_report(tmp_path / name, inputs).read_bytes() for name in ("a.html", "b.html"))
    assert first == second


def test_codebook_maps_are_described_and_stand_inside(inputs):
    rng = np.random.default_rng(0)
    cosines = np.corrcoef(rng.normal(size=(30, 8)))
    kinds = np.array(["single", "shared", "mixed"] * 9 + ["unused"] * 3)
    both, places = ("audio", "video"), rng.normal(size=(2, 30, 2))
    maps = CodebookMaps("codaar-0", "vggsound_avel", both, kinds, cosines, cosines**3, 6, places, both)
    inputs = replace(inputs, histories=())
    text = report_html(replace(inputs, maps=(maps,)))
    page = Page(text)
    words = " ".join(page.text)
    assert "one modality alone (over 95 % of its use): 9" in text and "unused: 3" in text
    assert f"Mean over different codes: {(cosines.sum() - 30) / 870:.3f}" in text and "the 6 dimensions that TOC keeps" in words
    assert "codebooks of the modalities" in words
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:)[^"']*""", text)
    assert text == report_html(replace(inputs, maps=(maps,)))
    assert len(text) - len(report_html(inputs)) < 120_000
