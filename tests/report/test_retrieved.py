"""Retrieval examples on the page: escaped, described, marked in words, within their budget."""

import re
from dataclasses import replace

import pytest

from cmg.report.html import report_html
from cmg.report.measured import Measured
from cmg.report.retrieved import Drawer, Exhibit, Picture, Sound, envelope, sections
from cmg.results import Answer, Example, Item
from tests.report.conftest import HOSTILE
from tests.report.test_html import Page

PICTURE = Exhibit("-pic & 1", HOSTILE, Picture(b"\xff\xd8" + b"x" * 40, 112, 64))
SOUND = Exhibit("sound 1", "a dog", Sound((0.0, 0.5, 1.0, 0.25), 8.0))
SENTENCE = Exhibit("s\u202e1", "A dog <b>barks</b>")
GONE = Exhibit("gone 1", "", None, "not shown (missing)")


def shown(*queries, runs=("fcid-0", "codaar-0")):
    """What the page is given of (dataset, direction, exhibit that asks, exhibits that answer): every run gives the same
    answers."""
    exhibits, examples = {}, []

    def name(dataset, exhibit):
        item = Item(dataset, "any", len(exhibits))
        exhibits[item] = exhibit
        return item

    for dataset, direction, asks, *found in queries:
        answers = tuple(
            Answer(name(dataset, exhibit), place == 1, 0.5, 7 * place) for place, exhibit in enumerate(found)
        )
        examples.append(Example(direction, name(dataset, asks), answers, 2, 9, 100))
    return {"examples": dict.fromkeys(runs, tuple(examples)), "exhibits": exhibits}


QUERIES = shown(
    ("flickrsound", "va", PICTURE, SOUND, GONE, SOUND),
    ("mscoco", "vt", PICTURE, SENTENCE, SENTENCE, SENTENCE),
    ("mscoco", "tv", SENTENCE, PICTURE, PICTURE),
)


@pytest.fixture
def text(inputs):
    return report_html(replace(inputs, histories=(), **QUERIES), Measured())


def test_every_picture_and_sound_is_described(text):
    page = Page(text)
    pictures = page.all("img")
    assert len(pictures) == 2 + 2 * 2 and all(
        picture["alt"].startswith("Picture -pic & 1: <script>") for picture in pictures
    )
    assert all(
        picture["src"].startswith("data:image/jpeg;base64,") and picture["width"] == "112" for picture in pictures
    )
    sounds = [found for found in page.all("svg") if found.get("class") == "sound"]
    assert len(sounds) == 4 and all(
        "loudest at 5.0 s" in sound["aria-label"] and sound["role"] == "img" for sound in sounds
    )


def test_right_and_wrong_are_words(text):
    section = text[text.index('id="examples"') : text.index('id="openset"')]
    assert section.count("✓ right") == 6 and section.count("✗ wrong") == 10
    assert "2 to 9 of 100" in section and "cosine 0.50, 7 more have the same" in section
    assert "not shown (missing)" in section


def test_what_files_say_is_text(text):
    assert HOSTILE not in text and "<b>barks" not in text and "\u202e" not in text and "\\u202e" in text


def test_tables_of_answers_can_be_followed_without_seeing(text):
    page = Page(text)
    assert all("scope" in attributes for attributes in page.all("th")) and len(page.all("caption")) == len(
        page.all("table")
    )
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not re.findall(r"""(?:src|href|action)\s*=\s*["'](?!#|data:)[^"']*""", text)


def test_headings_stand_in_the_order_of_the_tables():
    assert list(sections(**QUERIES, drawer=Drawer())) == [
        "MSCOCO: a picture asks, sentences answer",
        "MSCOCO: a sentence asks, pictures answer",
        "FlickrSound: a picture asks, sounds answer",
    ]


def test_what_finds_no_room_is_counted_and_keeps_its_words(inputs):
    drawer = Drawer(budget=200)
    first, second = (drawer.draw(PICTURE) for _ in range(2))
    assert first.src and not second.src and second.note == "no room left on the page" and drawer.left_out == 1
    assert drawer.draw(GONE).note == "not shown (missing)" and drawer.left_out == 1
    noise = Exhibit("n", "", Picture(bytes(9_000), 112, 112))
    many = shown(("flickrsound", "av", SOUND, noise, noise, noise), runs=[f"m{i}-0" for i in range(60)])
    page = report_html(replace(inputs, histories=(), **many), Measured())
    assert len(page) < 3_000_000 and "pictures or sounds found no room" in page


def test_an_envelope_is_as_high_as_the_drawing_at_the_loudest():
    assert envelope((0.0, 0.5, 1.0)) == "M0.5 13.5V14.5M1.5 7.0V21.0M2.5 0.0V28.0"
    assert envelope((0.0, 0.0)) == "M0.5 13.5V14.5M1.5 13.5V14.5"


def test_without_retrieval_the_section_says_so(inputs):
    assert "No retrieval data set has codes" in report_html(replace(inputs, histories=()), Measured())
