"""VGGSound-AVEL: the csv, segment labels that match the plan, prompts, and ids that the test sets hold."""

import json

import pytest

from cmg.synth import plan


@pytest.fixture
def rows(planned):
    header, *lines = plan("vggsound_avel", planned).texts["vggsound-avel40k.csv"].split("\n")[:-1]
    assert header == "category,video_id,split"
    return [tuple(line.split(",")) for line in lines]


def test_table(rows, planned):
    assert len(rows) == planned.vggsound_avel.total
    assert len({video_id for _, video_id, _ in rows}) == len(rows)
    assert [sum(row[2] == split for row in rows) for split in ("train", "val", "test")] == [40, 8, 12]
    paths = {item.path for item in plan("vggsound_avel", planned).media}
    assert paths == {f"video/{video_id}.mp4" for _, video_id, _ in rows}


def test_segments(rows, planned):
    found = plan("vggsound_avel", planned)
    entries = json.loads(found.texts["vggsound-avel50k_labels.json"])
    clips = {item.clip.clip_id: item.clip for item in found.media}
    for (category, video_id, _), entry in zip(rows, entries, strict=True):
        ((key, labels),) = entry.items()
        onset, offset = clips[video_id].events[0].visual
        assert key == video_id
        assert labels == {category: [int(onset <= second < offset) for second in range(10)]}
    assert any(0 in values for entry in entries for labels in entry.values() for values in labels.values())


def test_prompts(rows, planned):
    header, *lines = plan("vggsound_avel", planned).texts["vggsoundCategories2Prompts.csv"].splitlines()
    assert header == "label,prompt"
    assert {line.split(",")[0] for line in lines} == {category for category, _, _ in rows}
    assert all(len(line.split(",")) == 2 and len(line.split(",")[1].split()) >= 6 for line in lines)


def test_train_holds_clips_of_the_test_sets(rows, planned):
    train = {video_id for _, video_id, split in rows if split == "train"}
    ave = {line.split("&")[1] for line in plan("ave", planned).texts["testSet.txt"].splitlines()}
    avvp = {line[:11] for line in plan("avvp", planned).texts["AVVP_test_pd.csv"].splitlines()[1:]}
    assert len(train & ave) == 3 and len(train & avvp) == 3
    assert not {video_id for _, video_id, split in rows if split != "train"} & (ave | avvp)
