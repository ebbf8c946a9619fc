from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets import avvp
from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import Event, counts
from cmg.datasets.labels import avvp_targets
from cmg.datasets.listing import scan
from cmg.datasets.names import AVVP_CLASSES, AVVP_CLASSES_CMG
from tests.datasets.lines import accounted, indexed, lost

WEAK = "filename\tevent_labels\n"
DENSE = "filename\tonset\toffset\tevent_labels\n"
FILES = {
    "AVVP_train.csv": WEAK + "aaaaaaaaaaa_101.8_111.8\tSpeech,Dog\n",
    "AVVP_val_pd.csv": WEAK + "-bbbbbbbbbb_20_30\tCar\n",
    "AVVP_test_pd.csv": WEAK + "ccccccccccc_0_10\tFrying_(food),Speech\n",
    "AVVP_eval_audio.csv": DENSE
    + "-bbbbbbbbbb_20_30\t0\t4\tCar\nccccccccccc_0_10\t3\t5\tSpeech\nccccccccccc_0_10\t4\t9\tSpeech\n"
    + (
        "ccccccccccc_0_10\t3\t5\tSpeech\nccccccccccc_0_10\t5\t5\tSpeech\n"
        "ccccccccccc_0_10\t9\t0\tSpeech\nbbbbbbbbb_20_30\t0\t1\tCar\n"
    ),
    "AVVP_eval_visual.csv": DENSE
    + "ccccccccccc_0_10\t0\t10\tFrying_(food)\nccccccccccc_0_10\t0\t11\tSpeech\nccccccccccc_0_10\t0\t1\tspeech\n",
    "video/aaaaaaaaaaa_101.8_111.8.mp4": b"a",
    "video/ccccccccccc.mp4": b"c",
}


def test_rows_are_train_val_test_with_their_events(make_root, read):
    clips = read("avvp", make_root(FILES)).clips
    assert [(clip.clip_id, clip.split, clip.status, clip.visual, clip.source_start) for clip in clips] == [
        ("aaaaaaaaaaa_101.8_111.8", "train", "ok", "video/aaaaaaaaaaa_101.8_111.8.mp4", 101.8),
        ("-bbbbbbbbbb_20_30", "val", "missing", None, 20.0),
        ("ccccccccccc_0_10", "test", "ok", "video/ccccccccccc.mp4", 0.0),
    ]
    assert clips[0].events == (Event("Speech", 0, 10, "av"), Event("Dog", 0, 10, "av"))
    assert clips[1].events == (Event("Car", 0, 4, "audio"),)
    assert clips[2].events == (
        Event("Speech", 3, 5, "audio"),
        Event("Speech", 4, 9, "audio"),
        Event("Frying_(food)", 0, 10, "visual"),
    )


def test_what_is_not_an_event_is_listed_once_each(make_root, read):
    problems = read("avvp", make_root(FILES)).problems
    assert [(problem.file, problem.line, problem.kind) for problem in problems] == [
        ("AVVP_eval_audio.csv", 5, "duplicate"),
        ("AVVP_eval_audio.csv", 6, "zero_length"),
        ("AVVP_eval_audio.csv", 7, "inverted"),
        ("AVVP_eval_audio.csv", 8, "orphan"),
        ("AVVP_eval_visual.csv", 3, "malformed"),
        ("AVVP_eval_visual.csv", 4, "unknown_class"),
    ]


def test_names_that_cannot_be_a_clip(make_root, read):
    train = WEAK + (
        "short_0_10\tDog\n../etc/pass_0_10\tDog\naaaaaaaaaaa_9_3\tDog\n"
        "ccccccccccc_0_10\tDog\nno tab\nx_1_2\tDog,Dog,Cow\nx_1_2\tDog\n"
    )
    full = {"AVVP_dataset_full.csv": WEAK + "ddddddddddd_0_10\tDog\n"}
    result = read("avvp", make_root({**FILES, "AVVP_train.csv": train, **full}))
    assert Counter(clip.status for clip in result.clips) == {"malformed": 3, "refused": 1, "missing": 1, "ok": 1}
    kinds = Counter((problem.file, problem.kind) for problem in result.problems if "eval" not in problem.file)
    assert kinds == {
        ("AVVP_train.csv", "malformed"): 4,
        ("AVVP_train.csv", "refused"): 1,
        ("AVVP_train.csv", "unknown_class"): 1,
        ("AVVP_train.csv", "duplicate"): 2,
        ("AVVP_test_pd.csv", "duplicate"): 1,
        ("AVVP_dataset_full.csv", "orphan"): 1,
    }


def test_a_comma_separated_file_is_not_taken_for_the_official_one(make_root, read):
    files = {**FILES, "AVVP_eval_audio.csv": DENSE.replace("\t", ",")}
    with pytest.raises(DatasetError, match=r"AVVP_eval_audio\.csv: expected the header 'filename\\tonset"):
        read("avvp", make_root(files))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=30), max_size=6))
def test_any_dense_lines_are_events_or_problems(tmp_path_factory, lines):
    root = tmp_path_factory.mktemp("avvp")
    for name in [*avvp.WEAK.values(), *avvp.DENSE.values()]:
        (root / name).write_text(WEAK if name in avvp.WEAK.values() else DENSE)
    dense = [f"ccccccccccc_0_10\t{line}" for line in lines]
    (root / "AVVP_test_pd.csv").write_text(WEAK + "ccccccccccc_0_10\tDog\n")
    (root / "AVVP_eval_audio.csv").write_bytes((DENSE + "\n".join(dense)).encode())
    result = avvp.index(root, scan(root), avvp.Options())
    assert len(result.clips) == 1
    assert len(result.clips[0].events) + len(lost(result)) == len(dense)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=30), max_size=6))
def test_any_weak_lines_are_rows_or_problems(tmp_path_factory, lines):
    root = tmp_path_factory.mktemp("avvp")
    lines = [f"{line}\tDog" for line in lines]
    weak = {name: WEAK for name in avvp.WEAK.values()} | {"AVVP_train.csv": WEAK + "\n".join(lines)}
    result = indexed(root, "avvp", weak | {name: DENSE for name in avvp.DENSE.values()})
    assert accounted(result) == len(lines)
    assert {event.label for clip in result.clips for event in clip.events} <= {"Dog"}


OFFICIAL = [*avvp.WEAK.values(), *avvp.DENSE.values(), avvp.FULL]


def test_the_official_files(official, read):
    result = read("avvp", official({f"avvp/{name}": name for name in OFFICIAL}))
    assert counts(result.clips) == {("train", "missing"): 10000, ("val", "missing"): 649, ("test", "missing"): 1200}
    assert sum(clip.source_start % 1 != 0 for clip in result.clips) == 5
    assert all(clip.events for clip in result.clips)
    assert {event.label for clip in result.clips for event in clip.events} == set(AVVP_CLASSES) == set(AVVP_CLASSES_CMG)
    orphans = {problem.text.split("\\x09")[0] for problem in result.problems if problem.kind == "orphan"}
    assert len(orphans) == 8 and {"P7x4FV4lg_570_580", "19jWnmYnlD8_30_400"} <= orphans
    audio = Counter(problem.kind for problem in result.problems if problem.file == "AVVP_eval_audio.csv")
    assert audio["zero_length"] + audio["inverted"] == 5 and audio["inverted"] == 1 and audio["duplicate"] == 8
    events = Counter(event.modality for clip in result.clips for event in clip.events)
    assert events["audio"] == 4131 - sum(audio.values())


def _except(names, cells):
    return {name: value for name, value in cells.items() if name not in names}


@pytest.mark.parametrize("modality", ["audio", "visual"])
def test_targets_equal_the_combined_files_of_the_cmg_family(official, read, modality):
    combined = f"AVVP_eval_{modality}_checked_combined.csv"
    root = official({f"avvp/{name}": name for name in [*OFFICIAL, combined]})
    expected = defaultdict(set)
    for line in (root / combined).read_text().splitlines()[1:]:
        name, *columns = line.replace("`", "").split("\t")
        for onset, offset, label in zip(*(column.split(",") for column in columns), strict=True):
            expected[name] |= {(second, label) for second in range(int(onset), int(offset))}
    found = {}
    for clip in read("avvp", root).clips:
        cells = {
            (int(second), AVVP_CLASSES[index])
            for second, index in zip(*avvp_targets(clip, modality).nonzero(), strict=True)
        }
        if cells:
            found[clip.clip_id] = cells
    # in the family's files, in no official list
    orphans = {"12eWNawPekw_30_40", "AkAfFL5Q4QA_30_40", "19jWnmYnlD8_30_400"}
    # two rows were misnamed before the release was corrected
    repaired = {"JfZEqeLZqWk_30_40"} if modality == "audio" else set()
    assert orphans <= expected.keys()
    assert _except(repaired, found) == _except(
        orphans | repaired, {name: cells for name, cells in expected.items() if cells}
    )


def test_the_class_order_of_the_cmg_family(official):
    root = official({"avvp/AVVP_Categories.txt": "c.txt"})
    assert tuple((root / "c.txt").read_text().split()) == AVVP_CLASSES_CMG
