import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets import labels
from cmg.datasets.clips import Clip, Event
from cmg.datasets.names import AVE_CLASSES, AVE_TO_AVVP, AVVP_CLASSES, AVVP_CLASSES_CMG, UCF_TO_VGGSOUND


def _clip(*events: Event, clip_id: str = "x", row: int = 0, split: str = "train") -> Clip:
    return Clip(row, clip_id, split=split, events=events)


def test_ave_targets_hold_from_onset_up_to_offset():
    targets = labels.ave_targets(_clip(Event("Bark", 2, 5)))
    assert targets.dtype == np.int64
    assert targets.tolist() == [28, 28, 2, 2, 2, 28, 28, 28, 28, 28]
    assert labels.ave_targets(_clip(), classes=("a", "b")).tolist() == [2] * 10
    with pytest.raises(ValueError, match="'x' .*'Moo' is not among the 28"):
        labels.ave_targets(_clip(Event("Moo", 0, 1)))


@given(st.integers(0, 10), st.integers(0, 10))
def test_a_target_counts_the_seconds_of_its_event(onset, offset):
    targets = labels.ave_targets(_clip(Event("Cat", onset, offset)))
    assert (targets != 28).sum() == max(0, offset - onset)


@pytest.mark.parametrize("classes", [AVVP_CLASSES, AVVP_CLASSES_CMG])
def test_avvp_targets_are_per_modality_and_unite_overlapping_events(classes):
    clip = _clip(
        Event("Dog", 0, 3, "audio"),
        Event("Dog", 2, 4, "audio"),
        Event("Car", 9, 10, "visual"),
        Event("Cat", 0, 10, "av"),
    )
    audio, visual = labels.avvp_targets(clip, "audio", classes), labels.avvp_targets(clip, "visual", classes)
    assert audio.shape == (10, 25) and audio.dtype == bool
    assert np.argwhere(audio).tolist() == [[second, classes.index("Dog")] for second in range(4)]
    assert np.argwhere(visual).tolist() == [[9, classes.index("Car")]]
    with pytest.raises(ValueError, match="modality 'av'"):
        labels.avvp_targets(clip, "av")


def test_ave_and_avvp_meet_in_twelve_classes():
    assert len(labels.SHARED_AVVP) == 12
    assert set(AVE_TO_AVVP) <= set(AVE_CLASSES) and set(labels.SHARED_AVVP) <= set(AVVP_CLASSES)
    ave = labels.ave_avvp_targets(_clip(Event("Bark", 1, 2)), "ave")
    avvp = labels.ave_avvp_targets(_clip(Event("Dog", 1, 2, "audio"), Event("Speech", 0, 10, "audio")), "avvp", "audio")
    assert np.argwhere(ave).tolist() == np.argwhere(avvp).tolist() == [[1, 0]]
    assert not labels.ave_avvp_targets(_clip(Event("Shofar", 0, 10)), "ave").any()
    with pytest.raises(ValueError, match="ucf101"):
        labels.ave_avvp_targets(_clip(), "ucf101")


def test_label_of_a_single_class_clip():
    assert labels.label_of(_clip(Event("a", 0, 1), Event("a", 5, 6))) == "a"
    assert labels.label_of(_clip()) is None
    with pytest.raises(ValueError, match="expected one class, found a, b"):
        labels.label_of(_clip(Event("a", 0, 1), Event("b", 5, 6)))


def test_really_shared_needs_the_class_on_both_sides():
    ucf = [_clip(Event("FrisbeeCatch", 0, 10)), _clip(Event("PlayingCello", 0, 10)), _clip(Event("Diving", 0, 10))]
    vgg = [_clip(Event("playing cello", 0, 10)), _clip(Event("skiing", 0, 10))]
    assert labels.really_shared(ucf, vgg) == (("PlayingCello", "playing cello"),)


def test_maps_equal_the_files_of_the_cmg_family(official):
    root = official(
        {
            "ave_avvp/AVE_AVVP_Categories.txt": "shared.txt",
            "ucf101/UCF101sameVGGSound.txt": "ucf.txt",
            "ucf101/VGGSoundsameUCF101.txt": "vgg.txt",
            "avvp/AVVP_dataset_full.csv": "full.csv",
        }
    )
    assert tuple((root / "shared.txt").read_text().split()) == labels.SHARED_AVVP
    # one line is damaged: a second name after a tab
    ucf = [line.split("\t")[0] for line in (root / "ucf.txt").read_text().splitlines()]
    assert dict(zip(ucf, (root / "vgg.txt").read_text().splitlines(), strict=True)) == UCF_TO_VGGSOUND


def test_really_shared_on_the_official_files(official, read):
    lists = {
        f"ucf101/{name}": f"ucfTrainTestlist/{name}" for name in ("classInd.txt", "trainlist01.txt", "testlist01.txt")
    }
    root = official({**lists, "vggsound_avel/vggsound-avel40k.csv": "vggsound-avel40k.csv"})
    shared = labels.really_shared(read("ucf101", root).clips, read("vggsound_avel", root).clips)
    assert len(shared) == 15 and "FrisbeeCatch" not in dict(shared) and "Bowling" in dict(shared)


def test_the_shared_clips_of_ave_are_those_of_the_official_order(official, read):
    sets = {f"ave/{split}Set.reconstructed.txt": f"{split}Set.txt" for split in ("train", "val", "test")}
    root = official({"ave/Annotations.txt": "Annotations.txt", "ave_avvp/ave_avvp_order.txt": "order.txt", **sets})
    order = [int(line) for line in (root / "order.txt").read_text().split()]
    assert sorted(order) == [clip.row for clip in read("ave", root).clips if labels.ave_avvp_targets(clip, "ave").any()]
