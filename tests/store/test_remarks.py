"""Remarks about usable rows: told by the writer alone, whatever happened on the way; never part of the store."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmg.store.writer import Remarked, StoreWriter
from tests.store.samples import clip, contents, make_spec, write

ROWS = 10
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
REMARKS = st.dictionaries(
    st.integers(0, ROWS - 1), st.lists(st.tuples(st.sampled_from(["rotated", "rate_changed"]), TEXT), max_size=3)
)
FAILING = 4


def settle(writer, remarks, rows=None):
    for row in writer.todo if rows is None else rows:
        if writer.spec.ids[row] == make_spec(ROWS + 1).ids[FAILING]:
            writer.fail(row, "missing", "gone")
        else:
            place = make_spec(ROWS + 1).ids.index(writer.spec.ids[row])
            writer.put(row, clip(place, writer.spec.dtype), 1 + place % 4, remarks.get(place, ()))


def expected(remarks, spec):
    place = {clip_id: number for number, clip_id in enumerate(make_spec(ROWS + 1).ids)}
    rows = [
        (row, clip_id, remarks.get(place[clip_id], ()))
        for row, clip_id in enumerate(spec.ids)
        if place[clip_id] != FAILING
    ]
    return [Remarked(row, clip_id, kind, text) for row, clip_id, found in rows for kind, text in found]


@pytest.fixture
def fresh(tmp_path):
    """Paths that nothing lies at, however often asked."""
    count = iter(range(10**6))
    return lambda: tmp_path / str(next(count)) / "s.zarr"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(remarks=REMARKS, order=st.permutations(range(ROWS)), cut=st.integers(0, ROWS), retry=st.booleans())
def test_interrupted_work_keeps_them(fresh, remarks, order, cut, retry):
    path, spec = fresh(), make_spec(ROWS)
    with StoreWriter(path, path.with_suffix(".work"), spec) as writer:
        settle(writer, remarks, order[:cut])
    with StoreWriter(path, path.with_suffix(".work"), spec, retry_failed=retry) as writer:
        settle(writer, {}, [row for row in writer.todo if row == FAILING])
        settle(writer, remarks)
        assert writer.remarks() == expected(remarks, spec)
        writer.seal()
    quiet = fresh()
    with StoreWriter(quiet, quiet.with_suffix(".work"), spec) as writer:
        settle(writer, {})
        writer.seal()
    assert contents(path) == contents(quiet)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    remarks=REMARKS,
    order=st.permutations(range(ROWS + 1)),
    left=st.sampled_from(["store", "previous", "unfinished"]),
    data=st.data(),
)
def test_reused_rows_keep_them(fresh, remarks, order, left, data):
    """From the sealed store, from what is left when it was deleted, from work on another list; rows moved or not, tried
    again or not."""
    path, first, whole = fresh(), make_spec(ROWS), make_spec(ROWS + 1)
    with StoreWriter(path, path.with_suffix(".work"), first) as writer:
        settle(writer, remarks, [row for row in writer.todo if left != "unfinished" or row % 3])
        if left != "unfinished":
            writer.seal()
    if left == "previous":
        shutil.rmtree(path)
    order = data.draw(st.sampled_from([list(range(ROWS + 1)), order]))
    again = make_spec(
        ROWS + 1, ids=[whole.ids[row] for row in order], fingerprints=[whole.fingerprints[row] for row in order]
    )
    with StoreWriter(path, path.with_suffix(".work"), again, retry_failed=data.draw(st.booleans())) as writer:
        assert writer.reused
        settle(writer, remarks)
        assert writer.remarks() == expected(remarks, again)
        writer.seal()


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(remarks=REMARKS, parts=st.permutations([1, 2, 3]))
def test_parts_together_have_those_of_the_whole(fresh, remarks, parts):
    path, spec = fresh(), make_spec(ROWS)
    for number in parts:
        with StoreWriter(path, path.with_suffix(".work"), spec, (number, 3)) as writer:
            settle(writer, remarks)
    with StoreWriter(path, path.with_suffix(".work"), spec) as writer:
        assert writer.todo == [] and writer.remarks() == expected(remarks, spec)


def test_a_store_that_was_made_without_any_has_none(path):
    write(path)
    with StoreWriter(path, path.with_suffix(".work"), make_spec()) as writer:
        assert (writer.todo, writer.remarks()) == ([], [])
