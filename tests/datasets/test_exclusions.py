"""Training clips held out: by YouTube id, per dataset that tests on them."""

from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.clips import Clip
from cmg.datasets.exclusions import Exclusion, counts, exclusions, read_exclusions, write_exclusions


def _clip(clip_id, split="test", row=0):
    return Clip(row=row, clip_id=clip_id, split=split)


def test_test_ids_are_held_out_and_counted_per_dataset():
    train = [
        _clip(clip_id, "train", row)
        for row, clip_id in enumerate(["aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc", "ddddddddddd"])
    ]
    indices = {
        "vggsound_avel": [*train, _clip("ccccccccccc", "val", 4)],
        "ave": [_clip("aaaaaaaaaaa"), _clip("ddddddddddd", "val")],
        "avvp": [_clip("aaaaaaaaaaa_0_10"), _clip("ccccccccccc_5_15")],
        "ucf101": [_clip("v_Skiing_g01_c01")],
    }
    found = exclusions(indices)
    assert found == [
        Exclusion(0, "aaaaaaaaaaa", "ave"),
        Exclusion(0, "aaaaaaaaaaa", "avvp"),
        Exclusion(2, "ccccccccccc", "avvp"),
    ]
    assert counts(found) == {"ave": 1, "avvp": 2}
    assert exclusions(indices, train_splits=["train", "val"]) == [*found, Exclusion(4, "ccccccccccc", "avvp")]


def test_clips_that_segmentation_tests_on_are_held_out_where_its_dataset_is_listed():
    train = [_clip(clip_id, "train", row) for row, clip_id in enumerate(["aaaaaaaaaaa", "-bbbbbbbbb_"])]
    indices = {"vggsound_avel": train, "avsbench_s4": [_clip("-bbbbbbbbb_"), _clip("aaaaaaaaaaa", "val")]}
    assert exclusions(indices) == [Exclusion(1, "-bbbbbbbbb_", "avsbench_s4")]


def test_a_dataset_that_holds_nothing_out_changes_no_byte(tmp_path):
    indices = {"vggsound_avel": [_clip("aaaaaaaaaaa", "train")], "ave": [_clip("aaaaaaaaaaa")]}
    for name, more in (("a", {}), ("b", {"ucf101": [_clip("v_Skiing_g01_c01")], "mscoco": [_clip("000000000139")]})):
        write_exclusions(tmp_path / name, exclusions({**more, **indices}))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(st.lists(st.builds(Exclusion, st.integers(0), IDS, st.sampled_from(["ave", "avvp"]))))
def test_what_is_written_is_read(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("exclusions") / "e.csv"
    write_exclusions(path, found)
    assert read_exclusions(path) == sorted(found, key=lambda item: (item.row, item.clip_id, item.dataset))


def test_overlaps_between_the_official_files(official, read):
    sets = {f"ave/{split}Set.reconstructed.txt": f"{split}Set.txt" for split in ("train", "val", "test")}
    avvp = ("train", "val_pd", "test_pd", "eval_audio", "eval_visual")
    files = {"ave/Annotations.txt": "Annotations.txt", **sets}
    files |= {f"avvp/AVVP_{name}.csv": f"AVVP_{name}.csv" for name in avvp}
    root = official({**files, "vggsound_avel/vggsound-avel40k.csv": "vggsound-avel40k.csv"})
    tests = {name: read(name, root).clips for name in ("ave", "avvp")}
    every = ("train", "val", "test")
    found = exclusions(
        {"vggsound_avel": read("vggsound_avel", root).clips, **tests}, train_splits=every, test_splits=every
    )
    assert counts(found) == {"ave": 342, "avvp": 543}
