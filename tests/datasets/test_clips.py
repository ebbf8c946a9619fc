import contextlib
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmg.datasets.clips import MODALITIES, SPLITS, STATUSES, BadIndex, Clip, Event, counts, read_index, write_index

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.floats(0, 1e6)
EVENTS = st.builds(Event, NAMES, TIMES, TIMES, st.sampled_from(MODALITIES))
CLIPS = st.lists(
    st.builds(
        Clip,
        row=st.just(0),
        clip_id=NAMES,
        visual=st.none() | NAMES,
        audio=st.none() | NAMES,
        start=TIMES,
        duration=st.none() | TIMES,
        split=st.sampled_from(SPLITS),
        events=st.lists(EVENTS, max_size=3).map(tuple),
        captions=st.lists(NAMES, max_size=3).map(tuple),
        visual_fingerprint=NAMES,
        status=st.sampled_from(STATUSES),
        reason=NAMES,
        source_start=st.none() | TIMES,
    ),
    max_size=5,
).map(lambda clips: [Clip(**{**clip.__dict__, "row": row}) for row, clip in enumerate(clips)])


@settings(max_examples=40)
@given(CLIPS)
def test_any_index_round_trips_with_the_same_bytes(tmp_path_factory, clips):
    folder = tmp_path_factory.mktemp("index")
    write_index(folder / "a.parquet", clips)
    write_index(folder / "b.parquet", clips)
    assert read_index(folder / "a.parquet") == clips
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()


def test_an_edit_changes_the_bytes(tmp_path):
    write_index(tmp_path / "a.parquet", [Clip(0, "x")])
    write_index(tmp_path / "b.parquet", [Clip(0, "y")])
    assert (tmp_path / "a.parquet").read_bytes() != (tmp_path / "b.parquet").read_bytes()


def test_counts_per_split_and_status():
    clips = [Clip(0, "a", split="train"), Clip(1, "b", split="train", status="missing"), Clip(2, "c", split="test")]
    assert counts(clips) == {("train", "ok"): 1, ("train", "missing"): 1, ("test", "ok"): 1}


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (Clip(1, "a"), "expected row 0, found 1"),
        (Clip(0, "a", split="dev"), "split 'dev'"),
        (Clip(0, "a", status="fine"), "status 'fine'"),
        (Clip(0, "a", events=(Event("x", 0, 1, "video"),)), "event modality 'video'"),
    ],
)
def test_what_the_schema_does_not_allow_is_not_written(tmp_path, clip, message):
    with pytest.raises(BadIndex, match=message):
        write_index(tmp_path / "a.parquet", [clip])
    assert not list(tmp_path.iterdir())


def test_another_parquet_file_is_an_error_that_says_what_to_run(tmp_path):
    pq.write_table(pa.table({"row": [0]}), tmp_path / "a.parquet")
    with pytest.raises(BadIndex, match="row: int64.*dvc repro"):
        read_index(tmp_path / "a.parquet")


def test_whatever_bytes_are_damaged_the_file_is_named(tmp_path):
    """Cut, or with bits flipped anywhere: no error but BadIndex (what still reads is known by its digest)."""
    path, draw = tmp_path / "x.parquet", random.Random(0)
    write_index(
        path,
        [Clip(n, f"clip {n}", split="train", captions=("a", "b"), events=(Event("x", 0.0, 1.0),)) for n in range(40)],
    )
    whole = path.read_bytes()
    for number in range(400):
        data = bytearray(whole[: draw.randrange(len(whole))] if number % 3 == 0 else whole)
        for _ in range(draw.choice((0, 1, 3, 20)) * bool(data)):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        with contextlib.suppress(BadIndex):
            read_index(path)
        if len(data) < len(whole):
            with pytest.raises(BadIndex, match=r"x\.parquet: not a parquet file"):
                read_index(path)
