"""Specification, text encoding and layout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.store.errors import StoreError
from cmg.store.schema import StoreSpec, decode_text, default_clips_per_shard, encode_text, id_set_digest
from tests.store.samples import make_spec

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(TEXT, min_size=1, max_size=8))
def test_text_comes_back_as_it_went_in(values):
    assert decode_text(encode_text(values)) == values


@pytest.mark.parametrize("value", ["a\0", "\0", "\ud800"])
def test_text_that_would_not_come_back_is_refused(value):
    with pytest.raises(StoreError, match="row 1"):
        encode_text(["fine", value])


@pytest.mark.parametrize(
    ("shape", "itemsize", "clips"),
    [((10, 7, 7, 512), 2, 256), ((10, 128), 4, 16384), ((10, 768), 4, 4096), ((10, 16, 224, 224, 3), 1, 4)],
)
def test_full_shards_hold_64_to_128_mebibytes(shape, itemsize, clips):
    size = int(np.prod(shape)) * itemsize
    assert default_clips_per_shard(size) == clips
    assert 64 * 2**20 < clips * size <= 128 * 2**20 or clips * 2 * size > 128 * 2**20


def test_a_clip_larger_than_a_shard_gets_its_own():
    assert default_clips_per_shard(2**40) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": [], "fingerprints": []}, "at least one clip"),
        ({"fingerprints": ["x"]}, "10 fingerprints"),
        ({"shape": ()}, "shape"),
        ({"shape": (4, 0)}, "shape"),
        ({"dtype": "object"}, "dtype among"),
        ({"compression": "lz4"}, "zstd"),
        ({"clips_per_shard": 0}, "clips_per_shard"),
        ({"recipe": {"a": object()}}, "JSON"),
        ({"recipe": {"a": float("nan")}}, "JSON"),
    ],
)
def test_bad_specifications_say_what_is_expected(change, message):
    with pytest.raises(StoreError, match=message):
        make_spec(**change)


def test_specification_survives_json():
    spec = make_spec(compression="zstd")
    assert StoreSpec.from_json(spec.to_json()) == spec
    assert StoreSpec.from_json(spec.to_json()).digest == spec.digest


def test_recipe_key_ignores_clips_and_sees_everything_else():
    key = make_spec().recipe_key
    assert make_spec(clips=3, compression="zstd", clips_per_shard=2).recipe_key == key
    changes = [
        {"recipe": {"fps": 8}},
        {"weights_digest": "cd" * 32},
        {"dtype": "float32"},
        {"shape": (4, 3, 3, 9)},
        {"provenance": "released"},
    ]
    assert len({make_spec(**change).recipe_key for change in changes} | {key}) == 6


def test_id_set_digest_is_of_the_set():
    assert id_set_digest(["b", "a", "b"]) == id_set_digest(["a", "b"]) != id_set_digest(["ab"])
