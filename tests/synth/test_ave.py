"""AVE: the official form of the lists, rows that share a video, the empty event."""

from dataclasses import replace

import pytest

from cmg.datasets.names import AVE_CLASSES
from cmg.synth import plan


@pytest.fixture
def texts(planned):
    return plan("ave", planned).texts


def test_annotations(texts, planned):
    header, *lines = texts["Annotations.txt"].splitlines()
    assert header == "Category&VideoID&Quality&StartTime&EndTime"
    assert len(lines) == planned.ave.total
    for line in lines:
        category, video_id, quality, start, end = line.split("&")
        assert category in AVE_CLASSES and len(video_id) == 11 and quality == "good"
        assert 0 <= int(start) <= int(end) <= 10
    categories = [line.split("&")[0] for line in lines]
    assert sum(one != other for one, other in zip(categories, categories[1:], strict=False)) == len(set(categories)) - 1


def test_set_files_have_no_header_and_repeat_annotation_lines(texts, planned):
    sets = {split: texts[f"{split}Set.txt"].splitlines() for split in ("train", "val", "test")}
    assert {split: len(lines) for split, lines in sets.items()} == {"train": 40, "val": 8, "test": 16}
    everything = [line for lines in sets.values() for line in lines]
    assert sorted(everything) == sorted(texts["Annotations.txt"].splitlines()[1:])
    assert len(set(everything)) == len(everything)


def test_rows_share_videos_and_one_straddles_train_and_test(texts, planned):
    ids = {
        split: [line.split("&")[1] for line in texts[f"{split}Set.txt"].splitlines()]
        for split in ("train", "val", "test")
    }
    assert len(set(ids["train"]) & set(ids["test"])) == 1
    assert not set(ids["val"]) & {*ids["train"], *ids["test"]}
    everything = [video_id for split in ids.values() for video_id in split]
    shared = {video_id for video_id in everything if everything.count(video_id) > 1}
    assert shared == set(plan("ave", planned).damage["shared video"])
    assert len(shared) == 3


def test_one_empty_event(texts, planned):
    empty = [line.split("&") for line in texts["trainSet.txt"].splitlines() if line.split("&")[3] == line.split("&")[4]]
    assert [fields[1] for fields in empty] == list(plan("ave", planned).damage["empty event"])
    clips = {item.clip.clip_id: item.clip for item in plan("ave", planned).media}
    assert len(empty) == 1 and clips[empty[0][1]].events == ()


def test_train_lists_avvp_test_clips(planned):
    train = {line.split("&")[1] for line in plan("ave", planned).texts["trainSet.txt"].splitlines()}
    avvp = {line[:11] for line in plan("avvp", planned).texts["AVVP_test_pd.csv"].splitlines()[1:]}
    assert len(train & avvp) == 3


def test_without_defects(planned):
    lines = plan("ave", replace(planned, defects=False)).texts["Annotations.txt"].splitlines()[1:]
    ids = [line.split("&")[1] for line in lines]
    assert len(ids) == len(set(ids)) == planned.ave.total
    assert all(int(line.split("&")[3]) < int(line.split("&")[4]) for line in lines)
