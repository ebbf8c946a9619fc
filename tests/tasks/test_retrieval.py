"""Retrieval on drawn codes: shared codes are found, unrelated ones stay at chance, and captions count as the protocol
says."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cmg.datasets.clips import Clip
from cmg.tasks.codes import RunCodes, StoredCodes
from cmg.tasks.evaluate import evaluate_run
from cmg.tasks.recall import released_recall
from cmg.tasks.retrieval import TASKS, cosine
from cmg.tasks.settings import EvaluateOptions
from cmg.toc import RELEASE, toc_scores

OPTIONS = EvaluateOptions()
BOOK = np.random.default_rng(3).normal(size=(30, 16)).astype(np.float32)
RANKINGS = {"full": toc_scores(BOOK).ranking}


def index_of(dataset: str, n: int = 40) -> list[Clip]:
    """Half of the clips are test; Clotho has five captions per clip, MSCOCO one."""
    count = {"clotho": 5, "mscoco": 1, "flickrsound": 0}[dataset]
    captions = [tuple(f"caption {number} of {row}" for number in range(count)) for row in range(n)]
    return [Clip(row, str(row), split="test" if row % 2 else "train", captions=captions[row]) for row in range(n)]


def codes_of(dataset: str, clips: list[Clip], code_of) -> RunCodes:
    """`code_of(row, modality)`: the code of a clip in a modality; each of its captions has the clip's text code."""
    entries = {}
    for modality in {"mscoco": ("video", "text"), "clotho": ("audio", "text"), "flickrsound": ("video", "audio")}[
        dataset
    ]:
        rows = (
            [clip.row for clip in clips for _ in clip.captions] if modality == "text" else [clip.row for clip in clips]
        )
        indices = np.array([code_of(row, modality) for row in rows], np.int32)[:, None, None]
        entries[dataset, modality] = StoredCodes(np.ones(len(rows), np.int32), indices)
    return RunCodes([BOOK], entries)


@pytest.mark.parametrize("dataset", list(TASKS))
def test_shared_codes_are_found(dataset):
    clips = index_of(dataset)
    cells = evaluate_run(codes_of(dataset, clips, lambda row, _: row // 2), {dataset: clips}, RANKINGS, OPTIONS)
    directions = {"mscoco": ("vt", "tv"), "clotho": ("at", "ta"), "flickrsound": ("va", "av")}[dataset]
    assert [(cell.direction, cell.toc) for cell in cells] == [(d, toc) for d in directions for toc in (False, True)]
    for cell in cells:
        assert cell.task == dataset and cell.score == 100 and cell.q == (12 if cell.toc else None)
        assert 25 < cell.chance < 30 if dataset != "clotho" else True
        assert json.loads(json.dumps(asdict(cell), allow_nan=False)) == asdict(cell)


def test_captions_are_queries_one_by_one_and_any_of_a_clips_captions_is_an_answer():
    clips = index_of("clotho")
    sizes = {
        c.direction: (c.n_test, c.classes)
        for c in evaluate_run(codes_of("clotho", clips, lambda r, _: r // 2), {"clotho": clips})
    }
    assert sizes == {"at": (20, 100), "ta": (100, 20)}


def test_one_code_for_everything_is_chance_and_ties_can_be_released():
    clips = index_of("mscoco")
    codes = codes_of("mscoco", clips, lambda *_: 0)
    for cell in evaluate_run(codes, {"mscoco": clips}, None, OPTIONS):
        assert (
            cell.score == pytest.approx(cell.chance)
            and cell.side["r1"] == pytest.approx(5)
            and cell.side["distinct_answers"] == 1
        )
    (released,) = {
        cell.score for cell in evaluate_run(codes, {"mscoco": clips}, None, replace(OPTIONS, ties="release"))
    }
    assert released == pytest.approx(cell.chance)  # one fixed order for all queries: the same mean over them


@pytest.mark.parametrize(("dataset", "q"), [("mscoco", 4), ("clotho", 12)])
def test_a_dataset_may_keep_a_share_of_its_own(dataset, q):
    clips = index_of(dataset)
    options = replace(OPTIONS, q_fixed={"default": 0.75, "mscoco": 0.25})
    cells = evaluate_run(codes_of(dataset, clips, lambda row, _: row // 2), {dataset: clips}, RANKINGS, options)
    assert {cell.q for cell in cells if cell.toc} == {q}


def test_unrelated_codes_are_near_chance():
    rng = np.random.default_rng(0)
    clips = index_of("flickrsound", 400)
    cells = evaluate_run(codes_of("flickrsound", clips, lambda *_: rng.integers(30)), {"flickrsound": clips})
    assert all(abs(cell.score - cell.chance) < 2 for cell in cells)


def test_pairs_without_codes_on_one_side_are_left_out_and_counted():
    clips = index_of("clotho")
    codes = codes_of("clotho", clips, lambda row, _: row // 2)
    valid = codes.entries["clotho", "audio"].valid.copy()
    valid[[1, 3]] = 0
    words = codes.entries["clotho", "text"].valid.copy()
    words[5 * 5] = 0  # a caption of clip 5: the clip has four others
    entries = {
        ("clotho", "audio"): replace(codes.entries["clotho", "audio"], valid=valid),
        ("clotho", "text"): replace(codes.entries["clotho", "text"], valid=words),
    }
    found = {cell.direction: cell for cell in evaluate_run(RunCodes([BOOK], entries), {"clotho": clips})}
    assert (found["at"].n_test, found["at"].classes, found["at"].side["n_unusable"]) == (18, 89, 2)
    with pytest.raises(ValueError, match="none of 20 test clips has codes in both audio and text"):
        nothing = replace(codes.entries["clotho", "audio"], valid=np.zeros(40, np.int32))
        evaluate_run(RunCodes([BOOK], {**codes.entries, ("clotho", "audio"): nothing}), {"clotho": clips})


def test_codes_that_do_not_belong_to_the_index_are_refused():
    clips = index_of("mscoco")
    codes = codes_of("mscoco", clips, lambda row, _: row // 2)
    with pytest.raises(ValueError, match="mscoco.text has 40 rows, the index 39 sentences"):
        evaluate_run(codes, {"mscoco": [replace(clips[0], captions=clips[1].captions), *clips[1:]]})
    seconds = {key: replace(held, indices=held.indices.repeat(10, axis=1)) for key, held in codes.entries.items()}
    with pytest.raises(ValueError, match="has 10 codes per row; expected one"):
        evaluate_run(RunCodes([BOOK], seconds), {"mscoco": clips})
    assert evaluate_run(codes, {"nothing": clips}) == [], "there is no task on it"
    with pytest.raises(ValueError, match="ranking has 5 dimensions, the codes have 16"):
        evaluate_run(codes, {"mscoco": clips}, {"full": np.arange(5)})


@settings(max_examples=40)
@given(arrays(np.float32, (4, 3), elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0])), st.permutations(range(8)))
def test_cosine_equals_scikit_learn_and_ties_exactly_wherever_a_vector_stands(vectors, order):
    metrics = pytest.importorskip("sklearn.metrics.pairwise")
    repeated = np.concatenate([vectors, vectors])[list(order)]
    found = cosine(repeated, vectors)
    np.testing.assert_allclose(
        found, metrics.cosine_similarity(repeated.astype(float), vectors.astype(float)), atol=1e-12
    )
    for one, other in zip(np.argsort(order)[:4], np.argsort(order)[4:], strict=True):
        np.testing.assert_array_equal(found[one], found[other])


PUBLISHED = replace(OPTIONS, protocol="published", clip_code="mean_of_codes")


def whole_of(clips: list[Clip], rng: np.random.Generator) -> tuple[RunCodes, dict]:
    """Clotho with other codes in every second of a whole clip than in the one code of its mean."""
    plain = codes_of("clotho", clips, lambda *_: 0)
    lengths = rng.integers(1, 6, len(clips)).astype(np.int32)
    audio = StoredCodes(lengths, rng.integers(0, 30, (len(clips), 5, 1)).astype(np.int32))
    text = StoredCodes(np.ones(5 * len(clips), np.int32), rng.integers(0, 30, (5 * len(clips), 1, 1)).astype(np.int32))
    return RunCodes([BOOK], plain.entries, whole={("clotho", "audio"): audio, ("clotho", "text"): text}), {
        "audio": audio,
        "text": text,
    }


def test_published_averages_codes_on_the_clips_that_the_driver_reads():
    rng, clips = np.random.default_rng(5), index_of("clotho")
    codes, whole = whole_of(clips, rng)
    cells = {
        (c.direction, c.toc): c
        for c in evaluate_run(codes, {"clotho": clips}, RANKINGS, replace(PUBLISHED, q_fixed=0.5))
    }
    order = toc_scores(BOOK, score="full", **RELEASE).ranking[:8]
    rows = [row for row in range(40) if row % 2][:4]  # the first fifth of twenty test clips
    for toc, dims in ((False, np.arange(16)), (True, order)):
        sounds = np.stack(
            [BOOK[whole["audio"].indices[row, : whole["audio"].valid[row], 0]][:, dims].mean(axis=0) for row in rows]
        )
        captions = np.stack([BOOK[whole["text"].indices[5 * row + n, 0, 0], dims] for row in rows for n in range(5)])
        similarity = cosine(captions, sounds)
        matches = np.repeat(np.arange(4), 5)[:, None] == np.arange(4)[None]
        for direction, (one, other) in {"ta": (similarity, matches), "at": (similarity.T, matches.T)}.items():
            cell = cells[direction, toc]
            assert (cell.n_test, cell.classes) == one.shape and cell.side["ties"] == "release"
            assert cell.score == pytest.approx(np.mean(list(released_recall(one, other).values())))


def test_published_without_codes_of_whole_clips_says_what_to_do():
    clips = index_of("clotho")
    with pytest.raises(ValueError, match="clotho.audio has no codes of whole clips; set evaluate.protocol: published"):
        evaluate_run(codes_of("clotho", clips, lambda row, _: 0), {"clotho": clips}, None, PUBLISHED)


def test_published_of_other_methods_keeps_one_code_per_clip():
    clips = index_of("mscoco")
    cells = evaluate_run(
        codes_of("mscoco", clips, lambda row, _: row // 2),
        {"mscoco": clips},
        RANKINGS,
        replace(OPTIONS, protocol="published"),
    )
    assert {cell.score for cell in cells} == {100} and {cell.q for cell in cells if cell.toc} == {12}
