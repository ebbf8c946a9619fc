import random

import pytest

from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import counts
from cmg.datasets.readers import OptionError

MAPPING, PARTITION = "CelebA-HQ-to-CelebA-mapping.txt", "list_eval_partition.txt"


def test_numbers_become_rows_and_the_last_are_test(make_root, read):
    result = read(
        "celeba_hq", make_root({"CelebA-HQ-img/0.jpg": b"a", "CelebA-HQ-img/2.png": b"c"}), count=3, held_out=1
    )
    assert [(clip.clip_id, clip.split, clip.status, clip.visual) for clip in result.clips] == [
        ("0", "train", "ok", "CelebA-HQ-img/0.jpg"),
        ("1", "train", "missing", None),
        ("2", "test", "ok", "CelebA-HQ-img/2.png"),
    ]


def test_the_default_is_the_official_count_and_a_wrong_folder_is_an_error(make_root, read):
    root = make_root({"CelebA-HQ-img/0.jpg": b"a"})
    assert counts(read("celeba_hq", root).clips) == {
        ("train", "ok"): 1,
        ("train", "missing"): 28_999,
        ("test", "missing"): 1_000,
    }
    with pytest.raises(DatasetError, match="held_out 5"):
        read("celeba_hq", root, count=3, held_out=5)
    with pytest.raises(OptionError, match="celeba_hq: split: .*'last' or 'celeba', found .identity."):
        read("celeba_hq", root, split="identity")
    with pytest.raises(DatasetError, match="CelebA-HQ-img/0.jpg"):
        read("celeba_hq", make_root({"img/0.jpg": b""}, "other"))


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("form", ["{}.jpg", "{:05}.png"])
def test_copies_as_people_have_them(make_root, read, first, form):
    """Names of five digits, another folder, numbers from 1."""
    root = make_root({f"faces/{form.format(n)}": bytes([n]) for n in range(first, first + 4)})
    result = read("celeba_hq", root, count=4, held_out=1, folder="faces")
    assert [(clip.clip_id, clip.visual) for clip in result.clips] == [
        (str(n), f"faces/{form.format(n + first)}") for n in range(4)
    ]


def test_the_identity_split_goes_by_the_mapping_and_celebas_partition(make_root, read):
    """Any permutation of numbers, any partition, lines in any order; what is not said is a row that is not used."""
    rng = random.Random(3)
    for trial in range(20):
        originals = rng.sample(range(1, 200), 12)
        split = {n: rng.choice("012") for n in originals}
        lines = [f"{place:<12}{n - 1:<12}{n:06}.jpg" for place, n in enumerate(originals)]
        unsaid = {rng.randrange(12), rng.randrange(12)}
        kept = [line for place, line in enumerate(lines) if place not in unsaid]
        rng.shuffle(kept)
        files = {f"CelebA-HQ-img/{n}.jpg": bytes([n]) for n in range(12)}
        files |= {MAPPING: "\n".join(["idx         orig_idx    orig_file", *kept, ""]), PARTITION: ""}
        files[PARTITION] = "".join(f"{n:06}.jpg {part}\r\n" for n, part in split.items())
        result = read("celeba_hq", make_root(files, f"root{trial}"), count=12, split="celeba")
        names = {"0": "train", "1": "val", "2": "test"}
        for place, clip in enumerate(result.clips):
            wanted = ("malformed", "train") if place in unsaid else ("ok", names[split[originals[place]]])
            assert (clip.status, clip.split) == wanted
        assert sorted(problem.text for problem in result.problems) == sorted(map(str, unsaid))


def test_what_is_wrong_in_the_mapping_is_counted_and_a_file_that_is_absent_is_an_error(make_root, read):
    files = {"CelebA-HQ-img/0.jpg": b"a", MAPPING: "0 4 000005.jpg\n0 5 000006.jpg\n1 2\n", PARTITION: "000005.jpg 2\n"}
    result = read("celeba_hq", make_root(files), count=1, held_out=0, split="celeba")
    assert [clip.split for clip in result.clips] == ["test"]
    assert [(p.line, p.reason) for p in result.problems] == [
        (2, "0 stands here twice"),
        (3, "expected 3 columns, found 2"),
    ]
    with pytest.raises(DatasetError, match=PARTITION):
        read(
            "celeba_hq",
            make_root({"CelebA-HQ-img/0.jpg": b"a", MAPPING: ""}, "other"),
            count=1,
            held_out=0,
            split="celeba",
        )
