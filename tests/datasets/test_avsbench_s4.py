from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.avsbench_s4 import frame_paths, mask_paths
from cmg.datasets.clips import counts
from cmg.datasets.labels import classes_of
from cmg.datasets.listing import FileChanged, check_combined, scan
from cmg.datasets.prompts import FOLDER, read_prompts
from cmg.datasets.readers import index_dataset
from tests.datasets.lines import IDS, accounted, any_lines, carrying, indexed

META = "Single-source/s4_meta_data.csv"
HEADER = "name,start,category,split\n"
DATA = "Single-source/s4_data"


def _clip_files(name: str, split: str, category: str) -> dict[str, bytes]:
    place = f"{split}/{category}"
    frames = {f"{DATA}/visual_frames/{place}/{name}/{name}_{second}.png": b"f%d" % second for second in range(1, 6)}
    masks = {
        f"{DATA}/gt_masks/{place}/{name}/{name}_{second}.png": b"m%d" % second
        for second in range(1, 2 if split == "train" else 6)
    }
    return {**frames, **masks, f"{DATA}/audio_wav/{place}/{name}.wav": b"w"}


FILES = {
    META: HEADER + "-aaaaaaaaaa,5,dog_barking,train\nbbbbbbbbbbb,0,playing_piano,test\n",
    **_clip_files("-aaaaaaaaaa", "train", "dog_barking"),
    **_clip_files("bbbbbbbbbbb", "test", "playing_piano"),
}


def test_a_clip_is_five_frames_a_wav_and_its_masks(make_root, read):
    root = make_root(FILES)
    first, second = read("avsbench_s4", root).clips
    assert (first.clip_id, first.split, first.status, first.source_start, first.duration) == (
        "-aaaaaaaaaa",
        "train",
        "ok",
        5.0,
        5.0,
    )
    assert first.audio == f"{DATA}/audio_wav/train/dog_barking/-aaaaaaaaaa.wav"
    assert first.captions == (read_prompts(FOLDER / "avsbench_s4.csv")["dog_barking"],)
    for clip, masks in ((first, 1), (second, 5)):
        assert set(clip.files) <= FILES.keys() and len(set(clip.files)) == 5 + masks
        assert all(file.startswith(f"{clip.visual}/") == (place < 5) for place, file in enumerate(clip.files))


@pytest.mark.parametrize("paths", [frame_paths, mask_paths])
def test_a_changed_frame_or_mask_changes_the_fingerprint_and_is_noticed(make_root, read, paths):
    root = make_root(FILES)
    clip = read("avsbench_s4", root).clips[1]
    check_combined(root, clip.files, clip.visual_fingerprint)
    (root / paths(clip.clip_id, clip.events[0].label, clip.split)[4]).write_bytes(b"other")
    with pytest.raises(FileChanged, match="pipeline scan"):
        check_combined(root, clip.files, clip.visual_fingerprint)
    assert read("avsbench_s4", root).clips[1].visual_fingerprint != clip.visual_fingerprint
    assert index_dataset("avsbench_s4", root, scan(root, content=False)).clips[1].visual_fingerprint == ""


def test_one_absent_mask_makes_the_clip_missing(make_root, read):
    absent = f"{DATA}/gt_masks/test/playing_piano/bbbbbbbbbbb/bbbbbbbbbbb_3.png"
    result = read("avsbench_s4", make_root({path: data for path, data in FILES.items() if path != absent}))
    assert [clip.status for clip in result.clips] == ["ok", "missing"]


def test_bad_lines(make_root, read):
    lines = (
        "x,0,dog_barking,dev\ny,-1,dog_barking,val\n../z,0,dog_barking,val\n-aaaaaaaaaa,0,helicopter,val\nfew,fields\n"
    )
    result = read("avsbench_s4", make_root({**FILES, META: FILES[META] + lines}))
    assert Counter(clip.status for clip in result.clips) == {"ok": 2, "malformed": 2, "refused": 1}
    assert Counter(problem.kind for problem in result.problems) == {"malformed": 3, "refused": 1, "duplicate": 1}


FIELDS = (
    IDS,
    st.sampled_from(["0", "5.5", "-1", "x"]),
    st.sampled_from(["dog_barking", ""]),
    st.sampled_from(["train", "test", "dev"]),
)


@given(any_lines(*FIELDS))
def test_any_lines_are_rows_or_problems(tmp_path_factory, lines):
    result = indexed(tmp_path_factory.mktemp("s4"), "avsbench_s4", {META: HEADER + "\n".join(lines)})
    assert accounted(result) == carrying(lines)


def test_the_official_file(official, read):
    result = read("avsbench_s4", official({"avsbench_s4/s4_meta_data.csv": META}))
    assert counts(result.clips) == {("train", "missing"): 3452, ("val", "missing"): 740, ("test", "missing"): 740}
    assert result.problems == [] and len(classes_of(result.clips)) == 23
