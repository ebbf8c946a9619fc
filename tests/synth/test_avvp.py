"""AVVP: tab-separated lists under the official names, weak and dense labels, and the four bad rows."""

import re
from collections import Counter

import pytest

from cmg.datasets.names import AVVP_CLASSES
from cmg.synth import plan

WEAK = {"train": "AVVP_train.csv", "val": "AVVP_val_pd.csv", "test": "AVVP_test_pd.csv"}
DENSE = {"audio": "AVVP_eval_audio.csv", "visual": "AVVP_eval_visual.csv"}


@pytest.fixture
def tables(planned):
    """Rows of fields by file name, headers checked."""
    found = {}
    for name, text in plan("avvp", planned).texts.items():
        header, *lines = text.split("\n")[:-1]
        assert "\r" not in text
        assert header == (
            "filename\tonset\toffset\tevent_labels" if name in DENSE.values() else "filename\tevent_labels"
        )
        found[name] = [tuple(line.split("\t")) for line in lines]
    return found


def test_weak_lists(tables):
    assert [len(tables[name]) for name in WEAK.values()] == [5, 30, 30]
    assert tables["AVVP_dataset_full.csv"] == [row for name in WEAK.values() for row in tables[name]]
    for filename, labels in tables["AVVP_dataset_full.csv"]:
        assert re.fullmatch(r"[\w-]{11}_\d+(\.\d)?_\d+(\.\d)?", filename)
        names = labels.split(",")
        assert set(names) <= set(AVVP_CLASSES) and len(names) == len(set(names))
    assert sum("." in filename for filename, _ in tables["AVVP_train.csv"]) == 1


def test_dense_rows_are_the_events_of_the_plan(tables, planned):
    found = plan("avvp", planned)
    bad = {row for kind in ("orphan row", "empty row", "inverted row") for row in found.damage[kind]}
    clips = {item.path[len("video/") : -len(".mp4")]: item.clip for item in found.media}
    listed = {name for split in ("val", "test") for name, _ in tables[WEAK[split]]}
    for modality, file in DENSE.items():
        rows = [row for row in tables[file] if " ".join(row) not in bad]
        spans = {
            name: sorted(getattr(e, modality) for e in clips[name].events if getattr(e, modality)) for name in listed
        }
        for name in listed:
            assert sorted({(int(row[1]), int(row[2])) for row in rows if row[0] == name}) == sorted(set(spans[name]))
    assert tables[DENSE["audio"]] != tables[DENSE["visual"]]


def test_bad_rows(tables, planned):
    damage = plan("avvp", planned).damage
    lines = Counter(" ".join(row) for row in tables[DENSE["audio"]])
    filenames = {name for file in WEAK.values() for name, _ in tables[file]}
    (orphan,), (empty,), (inverted,), (duplicate,) = (
        damage[f"{kind} row"] for kind in ("orphan", "empty", "inverted", "duplicate")
    )
    assert orphan.split()[0] not in filenames and "-" + orphan.split()[0] in filenames
    assert empty.split()[1] == empty.split()[2]
    assert int(inverted.split()[1]) > int(inverted.split()[2])
    assert [lines[row] for row in (orphan, empty, inverted, duplicate)] == [1, 1, 1, 2]
    assert sum(count > 1 for count in lines.values()) == 1
    visual = [row for row in tables[DENSE["visual"]] if int(row[1]) >= int(row[2]) or row[0] not in filenames]
    assert visual == [] and len(set(tables[DENSE["visual"]])) == len(tables[DENSE["visual"]])


def test_some_events_are_only_heard_or_only_seen(planned):
    events = [event for item in plan("avvp", planned).media for event in item.clip.events]
    assert any(event.audio is None for event in events) and any(event.visual is None for event in events)
    assert any(event.audio != event.visual for event in events if event.audio and event.visual)
    assert max(len(item.clip.events) for item in plan("avvp", planned).media) > 1
