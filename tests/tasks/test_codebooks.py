"""Activation by modality, cosine of codes, and the projection of several codebooks."""

import numpy as np
import pytest

from cmg.datasets.clips import Clip
from cmg.tasks import activation
from cmg.tasks.codebooks import project, segments, similarity
from cmg.tasks.codes import RunCodes, StoredCodes
from cmg.toc import toc_scores


def test_codes_are_named_by_who_uses_them():
    clips = [Clip(0, "a", captions=("one",)), Clip(1, "b", captions=("two",)), Clip(2, "c", captions=("one",))]
    # third second and third clip not valid
    audio = StoredCodes(np.array([2, 2, 0]), np.array([[0, 1, 4], [0, 2, 4], [4, 4, 4]])[..., None])
    video = StoredCodes(np.array([3, 3, 3]), np.array([[0, 1, 1], [0, 1, 1], [1, 1, 1]])[..., None])
    text = StoredCodes(np.array([1, 1]), np.array([[0], [3]])[..., None])  # "one" stands for two clips
    entries = {("d", "audio"): audio, ("d", "video"): video, ("d", "text"): text}
    codes = RunCodes([np.eye(5)], entries)
    used = activation.usage(codes, "d", clips, ("video", "audio", "text"))
    np.testing.assert_allclose(used, [[2 / 9, 7 / 9, 0, 0, 0], [1 / 2, 1 / 4, 1 / 4, 0, 0], [2 / 3, 0, 0, 1 / 3, 0]])
    assert activation.kinds(used).tolist() == ["shared", "mixed", "single", "single", "unused"]
    nothing = RunCodes([np.eye(5)], {("d", "audio"): StoredCodes(np.zeros(3, int), audio.indices)})
    with pytest.raises(ValueError, match="d.audio has no usable clip"):
        activation.usage(nothing, "d", clips, ("audio",))


def test_the_thresholds_are_the_papers():
    used = np.array([[0.96, 0.95, 0.90, 0.0], [0.02, 0.025, 0.05, 0.0], [0.02, 0.025, 0.05, 0.0]])
    assert activation.kinds(used).tolist() == ["single", "mixed", "shared", "unused"]


def test_toc_lowers_the_similarity_of_codes_that_share_a_large_part():
    rng = np.random.default_rng(0)
    book = rng.normal(size=(40, 12)) + np.r_[np.full(4, 6.0), np.zeros(8)]
    before, after = similarity(book), similarity(book, toc_scores(book).ranking[:8])
    np.testing.assert_allclose(np.diag(before), 1)
    different = ~np.eye(40, dtype=bool)
    assert before[different].mean() > 0.7 and abs(after[different].mean()) < 0.1


def test_each_codebook_is_counted_by_itself():
    clips = [Clip(0, "a"), Clip(1, "b")]
    # the last second is not valid
    audio = StoredCodes(np.array([2, 1]), np.array([[[0, 1], [0, 2]], [[1, 2], [1, 0]]]))
    codes = RunCodes([np.eye(2), np.eye(3)], {("d", "audio"): audio})
    np.testing.assert_allclose(activation.usage(codes, "d", clips, ["audio"], book=0), [[2 / 3, 1 / 3]])
    np.testing.assert_allclose(activation.usage(codes, "d", clips, ["audio"], book=1), [[0, 1 / 3, 2 / 3]])


def test_projection_separates_what_differs_and_comes_again():
    rng = np.random.default_rng(1)
    book = np.concatenate(
        [rng.normal(size=(30, 6)) + centre for centre in (np.eye(6)[0] * 9, np.eye(6)[1] * 9, np.eye(6)[2] * 9)], axis=1
    )
    places = project(segments(book, 3))
    assert places.shape == (3, 30, 2)
    centres = places.mean(axis=1)
    assert (
        min(np.linalg.norm(centres[a] - centres[b]) for a, b in ((0, 1), (0, 2), (1, 2))) > 4 * places.std(axis=1).max()
    )
    np.testing.assert_array_equal(places, project(segments(book, 3)))
    with pytest.raises(ValueError, match="18 dimensions does not divide into 4"):
        segments(book, 4)
