"""UCF101: CRLF lists with official class numbers, groups that do not cross a split, clips of a group in one scene."""

import re

import pytest

from cmg.synth import plan
from cmg.synth.concepts import UCF_INDEX


def lines(planned, name):
    text = plan("ucf101", planned).texts[f"ucfTrainTestlist/{name}.txt"]
    assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n") == text.count("\r")
    return text.split("\r\n")[:-1]


def test_classes(planned):
    found = [line.split(" ") for line in lines(planned, "classInd")]
    assert {name: int(number) for number, name in found} == UCF_INDEX
    assert [int(number) for number, _ in found] == sorted(UCF_INDEX.values())


@pytest.mark.parametrize(("number", "groups"), [(1, range(1, 8)), (2, range(8, 15)), (3, range(15, 22))])
def test_lists(planned, number, groups):
    train, test = lines(planned, f"trainlist{number:02}"), lines(planned, f"testlist{number:02}")
    assert test and train
    for line in train:
        path, index = line.split(" ")
        assert int(index) == UCF_INDEX[path.split("/")[0]]
    group = {
        line.split(" ")[0]: int(re.search(r"_g(\d\d)_c\d\d\.avi$", line.split(" ")[0])[1]) for line in train + test
    }
    assert all((group[line.split(" ")[0]] in groups) == (line in test) for line in train + test)
    media = {item.path.removeprefix("UCF-101/") for item in plan("ucf101", planned).media}
    assert group.keys() == media and len(train) + len(test) == len(media)


def test_clips(planned):
    media = plan("ucf101", planned).media
    for item in media:
        assert re.fullmatch(r"UCF-101/(\w+)/v_\1_g\d\d_c\d\d\.avi", item.path)
        assert item.clip.scene == item.clip.clip_id[:-4]
    seconds = [item.clip.seconds for item in media]
    assert min(seconds) >= 0.35 * planned.seconds and max(seconds) <= 1.25 * planned.seconds and len(set(seconds)) > 10
    assert 0.1 < sum(item.clip.sound for item in media) / len(media) < 0.45
