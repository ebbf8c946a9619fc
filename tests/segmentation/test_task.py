"""Right query above no query above wrong query; what is looked at and when; nothing tested that was seen."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from cmg.segmentation import heads, task
from cmg.segmentation.queries import code_queries, partners, reference_query
from cmg.segmentation.scenes import split
from tests.segmentation.conftest import CLASSES, FAST, make_world


@pytest.fixture(scope="module")
def found(world):
    return task.run(code_queries(world.codes, world.clips), world.splits(), FAST)


def test_codes_that_name_the_class_ask_across_modalities(found):
    assert [cell.direction for cell in found.cells] == ["aa", "at", "ta", "tt"]
    for cell in found.cells:
        assert cell.score == cell.side["right_miou"] > 70 > cell.side["foreground_miou"]
        assert cell.side["wrong_miou"] < 20 and cell.side["right_minus_wrong"] == cell.score - cell.side["wrong_miou"]
        assert cell.side["right_f"] > 70 and cell.chance == cell.side["constant_miou"] >= cell.side["foreground_miou"]
        assert (cell.n_fit, cell.n_val, cell.n_test, cell.classes) == (48, 6, 18, 3)


def test_without_a_query_the_sounding_object_is_not_known(world, found):
    (cell,) = task.run({"no_query": reference_query("no_query", world.clips)}, world.splits(), FAST).cells
    assert cell.direction == cell.fit_modality == "no_query"
    assert cell.side["right_miou"] == cell.side["missing_miou"] == cell.side["wrong_miou"] < 50
    assert cell.side["right_minus_wrong"] == 0


def test_the_class_itself_is_a_query(world):
    (cell,) = task.run({"class_query": reference_query("class_query", world.clips)}, world.splits(), FAST).cells
    assert cell.side["right_miou"] > 70 > 20 > cell.side["wrong_miou"]


def test_codes_that_do_not_agree_fail_across_modalities_alone():
    world = make_world(agreeing=False)
    cells = {c.direction: c.side for c in task.run(code_queries(world.codes, world.clips), world.splits(), FAST).cells}
    assert min(cells["aa"]["right_minus_wrong"], cells["tt"]["right_minus_wrong"]) > 50
    assert max(cells["at"]["right_miou"], cells["ta"]["right_miou"]) < 20


def test_the_other_modality_is_met_in_the_test_alone(world):
    asked = {"a": set(), "t": set()}

    def watched(letter, query):
        def call(clips):
            asked[letter] |= {clip.split for clip in clips}
            return query(clips)

        return call

    queries = {letter: watched(letter, query) for letter, query in code_queries(world.codes, world.clips).items()}
    sound = task.run(queries, world.splits(), replace(FAST, epochs=1)).cells[0]
    assert asked == {"a": {"train", "val", "test"}, "t": {"train", "val", "test"}}, "each has a head of its own"
    asked["a"].clear(), asked["t"].clear()
    task.fit_head(world.splits(), queries["a"], replace(FAST, epochs=1))
    assert asked == {"a": {"train", "val"}, "t": set()} and sound.side["epoch"] == 1


def test_the_same_run_gives_the_same_numbers(world, found):
    again = task.run(code_queries(world.codes, world.clips), world.splits(), FAST)
    assert [asdict(cell) for cell in again.cells] == [asdict(cell) for cell in found.cells]
    other = task.run(code_queries(world.codes, world.clips), world.splits(), replace(FAST, seed=1))
    assert [cell.side for cell in other.cells] != [cell.side for cell in found.cells]


def test_a_clip_that_cannot_be_used_is_counted(world):
    first = next(clip for clip in world.clips if clip.split == "test")
    splits = world.splits(usable=lambda clip: clip.row != first.row)
    assert splits.side["n_unusable_test"] == 1 and len(splits.test) == 17 and splits.side["n_left_out_test"] == 0
    world.pixels.valid[first.row] -= 1
    try:
        assert world.splits().side["n_unusable_test"] == 1
    finally:
        world.pixels.valid[first.row] += 1


def test_a_test_clip_that_was_pretrained_on_is_left_out_under_strict_alone(world):
    seen = {clip.clip_id for clip in world.clips if clip.split == "test"} - {"test0", "test1"}
    assert [clip.clip_id for clip in world.splits(pretrained=seen).test.clips] == ["test0", "test1"]
    assert world.splits(pretrained=seen).side["n_left_out_test"] == 16
    assert len(world.splits(pretrained=seen, strict=False).test) == 18


def test_a_video_of_a_test_clip_is_not_fitted_on(world):
    clips = [
        replace(clip, clip_id="test0" if clip.clip_id in ("train5", "val2") else clip.clip_id) for clip in world.clips
    ]
    splits = split(clips, world.pixels, world.masks)
    assert splits.side["n_left_out_train"] == splits.side["n_left_out_val"] == 1 and len(splits.test) == 18


def test_an_empty_part_is_named(world):
    with pytest.raises(ValueError, match="of 18 test clips 0 can be used"):
        world.splits(usable=lambda clip: clip.split != "test")


def test_wrong_queries_are_of_another_class_and_of_the_same_part(world):
    scenes = world.splits().test
    others = partners(scenes)
    for label, other in zip(scenes.labels, others, strict=True):
        assert other.events[0].label == CLASSES[(CLASSES.index(label) + 1) % 3] and other.split == "test"
    assert len({other.clip_id for other in others}) == len(scenes), "each is asked once"
    with pytest.raises(ValueError, match="a second class"):
        partners(replace(scenes, clips=tuple(clip for clip in scenes.clips if clip.events[0].label == "cat")))


def test_pictures_are_the_first_of_each_class_with_what_was_found(world, found):
    assert [(picture.clip_id, picture.label) for picture in found.pictures] == [
        ("test0", "bell"),
        ("test1", "cat"),
        ("test2", "drum"),
    ]
    for picture in found.pictures:
        assert set(picture.found) == {
            (way, kind) for way in ("aa", "at", "ta", "tt") for kind in ("right", "missing", "wrong")
        }
        right, wrong = picture.found["at", "right"], picture.found["at", "wrong"]
        assert (right & picture.truth).sum() > (right & ~picture.truth).sum() and (
            wrong & picture.truth
        ).sum() < picture.truth.sum() / 2


def test_the_loss_is_that_of_the_frames_with_a_mask_alone(world):
    splits, query = world.splits(), code_queries(world.codes, world.clips)["a"]
    net, chosen, asked = heads.build(FAST, 8), np.arange(4), query(splits.fit.clips)
    changed = asked.copy()
    changed[:, 1:] = 7
    import torch

    plain = torch.zeros(4, dtype=torch.bool)
    one, other = (heads.loss(net.eval(), splits.fit, chosen, queries, plain, "cpu") for queries in (asked, changed))
    assert one.item() == other.item()
