"""The record of a run: what is written comes back, and nothing else is taken for one."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.results import Answer, Cell, Example, Item, Run, read_run, write_run
from tests.report.conftest import OPEN, make_cell

ASKED, FOUND = Item("mscoco", "video", 3), Item("mscoco", "text", 1, "a dog")
RUN = Run(
    method="fcid",
    variant="paper",
    seed=0,
    protocol="strict",
    cells=(make_cell(), make_cell(task="avvp", side={"epoch": 3})),
    openset=(OPEN,),
    examples=(Example("vt", ASKED, (Answer(FOUND, True, 0.5, 0),), 1, 2, 9),),
)
PERCENT, TEXT = st.floats(0, 100), st.text(max_size=8)
SIDES = st.dictionaries(TEXT, TEXT | PERCENT | st.none() | st.lists(PERCENT), max_size=3)


@given(st.lists(st.builds(Cell, score=PERCENT, chance=PERCENT, side=SIDES), max_size=3))
def test_any_run_comes_back_as_it_was_written(tmp_path_factory, cells):
    path, run = tmp_path_factory.mktemp("run") / "r.json", replace(RUN, cells=tuple(cells))
    write_run(path, run)
    first = path.read_bytes()
    write_run(path, read_run(path))
    assert read_run(path) == run and path.read_bytes() == first


def test_a_record_is_checked_where_it_is_made():
    assert make_cell(score=np.float64(61.5)).score == 61.5
    for wrong in (
        {"score": 100.5},
        {"score": float("nan")},
        {"score": "61"},
        {"toc": 1},
        {"n_fit": 2.5},
        {"n_fit": True},
        {"metrics": "f1"},
    ):
        with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
            make_cell(**wrong)


def places(value, path=()):
    """Keys that lead to every value of a document but those inside `side`, which is free."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        if key != "side":
            yield from places(inner, (*path, key))


def document():
    return json.loads(json.dumps(asdict(RUN)))


@pytest.mark.parametrize("place", list(places(document())), ids=lambda place: ".".join(map(str, place)))
def test_another_kind_of_value_and_an_unknown_key_are_named(tmp_path, place):
    path = tmp_path / "r.json"
    for change in ("wrong", "more"):
        found = holder = document()
        for key in place[:-1]:
            holder = holder[key]
        kind = {} if isinstance(holder[place[-1]], list) else ["x"]
        where = (*place[:-1], "other") if change == "more" and isinstance(holder, dict) else place
        holder[where[-1]] = kind
        path.write_text(json.dumps(found))
        with pytest.raises(ValueError) as caught:
            read_run(path)
        assert str(caught.value).startswith(f"{path}: {'.'.join(map(str, where))}: ") and "\n" not in str(caught.value)


def test_what_is_missing_or_no_json_is_named(tmp_path):
    path = tmp_path / "r.json"
    for text, said in (
        ("{", "Invalid JSON"),
        ("[]", "Input should be an object"),
        ('{"seed": 1}', "method: Field required (and 3 more)"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError) as caught:
            read_run(path)
        assert str(caught.value).startswith(f"{path}: {said}") and str(caught.value).endswith("; run: dvc repro")
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(ValueError, match="Invalid JSON"):
        read_run(path)


def test_a_cell_twice_is_an_error():
    twice = replace(RUN, cells=(make_cell(), make_cell(metric="other")))
    assert RUN.cell_of("avvp", "va", False).side == {"epoch": 3} and RUN.cell_of("avvp", "av", False) is None
    with pytest.raises(ValueError, match="2 scores for ave va"):
        twice.cell_of("ave", "va", False)
