"""The codes file: round trip, code vectors, and what a damaged file says."""

import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from cmg.tasks.codes import CodesError, RunCodes, StoredCodes


def make():
    rng = np.random.default_rng(0)
    books = [rng.normal(size=(5, 3)).astype("f"), rng.normal(size=(4, 2)).astype("f")]
    indices = np.stack([rng.integers(0, 5, (6, 10)), rng.integers(0, 4, (6, 10))], axis=-1).astype(np.int32)
    entries = {
        ("ave", "video"): StoredCodes(np.full(6, 10, np.int32), indices),
        ("ave", "audio"): StoredCodes(np.zeros(6, np.int32), indices[::-1]),
    }
    return RunCodes(books, entries), books, indices


def test_round_trip_and_bytes(tmp_path):
    run, books, indices = make()
    run.write(tmp_path / "a.safetensors")
    again = RunCodes.read(tmp_path / "a.safetensors")
    again.write(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert sorted(load_file(tmp_path / "a.safetensors")) == [
        "ave.audio.indices", "ave.audio.valid", "ave.video.indices", "ave.video.valid", "codebook.0", "codebook.1",
    ]  # fmt: skip
    assert again.get("ave", "audio").valid.tolist() == [0] * 6
    for got, expected in zip(again.codebooks, books, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_the_file_says_which_modalities_have_a_codebook_each(tmp_path):
    _, books, _ = make()
    for aligned in ((), ("video", "audio", "text")):
        RunCodes(books, {}, aligned=aligned).write(tmp_path / "c.safetensors")
        assert RunCodes.read(tmp_path / "c.safetensors").aligned == aligned


def test_embed_concatenates_codewords_and_slices():
    run, books, indices = make()
    vectors = run.embed("ave", "video", np.array([4, 1]))
    assert vectors.shape == (2, 10, 5) and vectors.dtype == np.float32 and run.dimensions("ave", "video") == 5
    np.testing.assert_array_equal(
        vectors[0, 7], np.concatenate([books[0][indices[4, 7, 0]], books[1][indices[4, 7, 1]]])
    )
    np.testing.assert_array_equal(run.embed("ave", "video", np.array([4, 1]), np.array([3, 0])), vectors[..., [3, 0]])


def test_more_than_ten_codebooks_keep_their_order(tmp_path):
    books = [np.full((2, 1), g, np.float32) for g in range(12)]
    RunCodes(books, {}).write(tmp_path / "c.safetensors")
    assert [int(book[0, 0]) for book in RunCodes.read(tmp_path / "c.safetensors").codebooks] == list(range(12))


def test_vectors_without_a_codebook(tmp_path):
    vectors = np.random.default_rng(1).normal(size=(3, 10, 4)).astype("f")
    run = RunCodes([], {("ucf101", "video"): StoredCodes(np.full(3, 10), vectors=vectors)})
    run.write(tmp_path / "c.safetensors")
    again = RunCodes.read(tmp_path / "c.safetensors")
    assert not again.has_codebook and again.dimensions("ucf101", "video") == 4
    np.testing.assert_array_equal(again.embed("ucf101", "video", np.array([2])), vectors[2:])


@pytest.mark.parametrize(
    "name", ["codebook.x", "codebook.", "codebook", "x", "a.b.c.d.valid", "a.b.part.valid", "a.valid", ""]
)
def test_a_tensor_of_another_name_is_named(tmp_path, name):
    save_file({name: np.zeros(3, np.int32)}, tmp_path / "c.safetensors")
    with pytest.raises(CodesError, match="c.safetensors: expected the tensors of a codes file"):
        RunCodes.read(tmp_path / "c.safetensors")


def test_errors_name_file_and_tensor(tmp_path):
    run, books, indices = make()
    with pytest.raises(KeyError, match=r"no codes of avvp.audio; the file holds ave.audio, ave.video"):
        run.get("avvp", "audio")
    with pytest.raises(ValueError, match=r"ave.video.indices runs from 0 to 9"):
        RunCodes(books, {("ave", "video"): StoredCodes(np.ones(6), np.where(indices == 3, 9, indices))})
    with pytest.raises(ValueError, match="has 2 codebooks, the file holds 1"):
        RunCodes(books[:1], {("ave", "video"): StoredCodes(np.ones(6), indices)})
    with pytest.raises(ValueError, match="not finite"):
        RunCodes([], {("ave", "video"): StoredCodes(np.ones(1), vectors=np.full((1, 10, 2), np.nan, np.float32))})
    path = tmp_path / "c.safetensors"
    path.write_bytes(b"PK\x03\x04 not tensors")
    with pytest.raises(ValueError, match=r"c.safetensors: not a safetensors file"):
        RunCodes.read(path)
    save_file({"ave.video.valid": np.ones(3, np.int32)}, path)
    with pytest.raises(ValueError, match="ave.video has neither"):
        RunCodes.read(path)


def test_reading_codes_and_toc_imports_no_torch():
    code = "import sys, cmg.tasks.codes, cmg.tasks.metrics, cmg.toc; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_codes_of_whole_clips_are_averaged_over_their_own_seconds_after_the_slice(tmp_path):
    run, books, indices = make()
    lengths = np.array([10, 3, 0, 1, 7, 10], np.int32)
    whole = {("ave", "video"): StoredCodes(lengths, indices)}
    RunCodes(books, run.entries, whole=whole).write(tmp_path / "c.safetensors")
    again = RunCodes.read(tmp_path / "c.safetensors")
    assert list(again.entries) == [("ave", "audio"), ("ave", "video")] and list(again.whole) == [("ave", "video")]
    rows, dims = np.array([4, 1, 3]), np.array([4, 0])
    expected = [run.embed("ave", "video", [row], dims)[0, : lengths[row]].mean(axis=0) for row in rows]
    found = again.embed_mean("ave", "video", rows, dims)
    assert found.shape == (3, 1, 2) and found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)
    with pytest.raises(ValueError, match="ave.audio has no codes of whole clips; set evaluate.protocol: published"):
        again.embed_mean("ave", "audio", rows)
    with pytest.raises(ValueError, match="ave.video.whole.indices runs from"):
        RunCodes(books, {}, whole={("ave", "video"): StoredCodes(lengths, indices + 9)})
