"""Single queries: the first of the list, the nearest answers first, and honest about equal cosines."""

import numpy as np
import pytest

from cmg.results import Item
from cmg.tasks.recall import expected_recall
from cmg.tasks.retrieval import TASKS, cosine
from cmg.tasks.retrieved import all_examples
from cmg.tasks.retrieved import examples as examples_of
from tests.tasks.test_retrieval import codes_of, index_of


def examples(*given, **more):
    """By direction."""
    found = {}
    for example in examples_of(*given, **more):
        found.setdefault(example.direction, []).append(example)
    return found


def test_the_queries_are_the_first_pairs_and_of_captions_the_first():
    clips = index_of("clotho")
    found = examples(TASKS["clotho"], codes_of("clotho", clips, lambda row, _: row // 2), clips, queries=3)
    assert list(found) == ["at", "ta"]
    assert [example.query for example in found["at"]] == [Item("clotho", "audio", row) for row in (1, 3, 5)]
    assert [example.query for example in found["ta"]] == [
        Item("clotho", "text", row, f"caption 0 of {row}") for row in (1, 3, 5)
    ]


def test_a_clip_without_codes_is_neither_query_nor_answer():
    clips = index_of("flickrsound")
    codes = codes_of("flickrsound", clips, lambda row, _: row // 2)
    codes.get("flickrsound", "audio").valid[1] = 0
    found = examples(TASKS["flickrsound"], codes, clips)["va"]
    assert [example.query.row for example in found] == [3, 5] and found[0].answers_in_all == 19


def test_answers_come_by_cosine_and_the_right_one_is_known():
    clips = index_of("mscoco")
    shared = examples(TASKS["mscoco"], codes_of("mscoco", clips, lambda row, _: row // 2), clips)["vt"][0]
    cosines = [answer.cosine for answer in shared.answers]
    assert cosines == sorted(cosines, reverse=True) and cosines[0] == pytest.approx(1)
    assert [answer.right for answer in shared.answers] == [True, False, False]
    assert shared.answers[0].item == Item("mscoco", "text", 1, "caption 0 of 1") and (shared.first, shared.last) == (
        1,
        1,
    )
    moved = examples(
        TASKS["mscoco"], codes_of("mscoco", clips, lambda row, modality: (row // 2 + (modality == "text")) % 20), clips
    )
    assert all(not example.answers[0].right and example.first > 1 for example in moved["vt"])


def test_equal_codes_are_counted_and_do_not_favour_the_first_of_the_list():
    clips = index_of("flickrsound", 200)
    found = examples(TASKS["flickrsound"], codes_of("flickrsound", clips, lambda row, _: 0), clips, queries=100)["va"]
    assert all((e.first, e.last, e.answers[0].equal) == (1, 100, 99) for e in found)
    assert sum(e.answers[0].right for e in found) == 1, "the same answer comes first for every query"
    assert not found[0].answers[0].right, "and it is not the list's first"
    again = examples(TASKS["flickrsound"], codes_of("flickrsound", clips, lambda row, _: 0), clips, queries=100)["va"]
    assert again == found


def test_places_agree_with_the_scores():
    """Where nothing ties, the place of the right answer is what recall counts."""
    clips = index_of("flickrsound")
    rng = np.random.default_rng(0)
    one, other = rng.permutation(30)[:20], rng.permutation(30)[:20]
    codes = codes_of("flickrsound", clips, lambda row, modality: (one if modality == "video" else other)[row // 2])
    found = examples(TASKS["flickrsound"], codes, clips, queries=20)["va"]
    assert all(example.first == example.last for example in found)
    vectors = [codes.embed("flickrsound", modality, np.arange(1, 40, 2))[:, 0] for modality in ("video", "audio")]
    recall = expected_recall(cosine(*vectors), np.eye(20, dtype=bool), (1, 5, 10))
    assert [100 * np.mean([e.first <= k for e in found]) for k in (1, 5, 10)] == pytest.approx(
        [recall[k] for k in (1, 5, 10)]
    )


def test_every_dataset_with_codes_of_both_modalities_has_examples():
    clips = {name: index_of(name) for name in ("mscoco", "clotho")}
    codes = codes_of("clotho", clips["clotho"], lambda row, _: row // 2)
    assert [example.query.dataset for example in all_examples(codes, clips)] == ["clotho"] * 4
    assert all_examples(codes, {"mscoco": clips["mscoco"], "ave": ()}) == []
