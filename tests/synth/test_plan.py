"""Plans of all datasets: damage, ids, sharing between datasets, dependence on the seed."""

from collections import Counter
from dataclasses import astuple, replace

import pytest

from cmg.synth import DATASETS, CorpusSpec, Split, plan
from cmg.synth.plan import DEFECTS


def ids(dataset, spec):
    return {item.clip.clip_id for item in plan(dataset, spec).media}


@pytest.mark.parametrize("dataset", DATASETS)
def test_same_seed_same_plan(dataset, planned):
    assert plan(dataset, replace(planned)) == plan(dataset, planned)
    numbered = dataset == "celeba_hq"  # its file names are numbers: the seed shows in the pixels alone
    assert (plan(dataset, replace(planned, seed=1)).media != plan(dataset, planned).media) != numbered


@pytest.mark.parametrize("dataset", DATASETS)
def test_what_a_plan_is_made_from(dataset):
    """Counts of datasets that `of` leaves out change nothing; those of any that it names do."""
    spec = CorpusSpec()
    fewer = {name: Split(*(min(count, 16) for count in astuple(spec.split(name)))) for name in DATASETS}
    made = plan(dataset, spec)
    assert (
        plan(dataset, replace(spec, **{name: split for name, split in fewer.items() if name not in spec.of(dataset)}))
        == made
    )
    for name in DATASETS:
        assert name not in spec.of(dataset) or plan(dataset, replace(spec, **{name: fewer[name]})) != made


@pytest.mark.parametrize("dataset", DATASETS)
def test_rows_per_split_are_the_ones_asked_for(dataset, planned):
    split = planned.split(dataset)
    bad = 2 if dataset == "clotho" else 0  # lines without a usable clip are rows too
    rows = {"train": split.train, "val": split.val, "test": split.test + bad}
    assert plan(dataset, planned).rows == {name: count for name, count in rows.items() if count}


@pytest.mark.parametrize("dataset", DATASETS)
def test_media_paths_are_unique_and_events_lie_in_the_clip(dataset, planned):
    media = plan(dataset, planned).media
    assert len({item.path for item in media}) == len(media)
    for event in (event for item in media if dataset not in ("ucf101", "clotho") for event in item.clip.events):
        spans = [span for span in (event.audio, event.visual) if span is not None]
        assert spans and all(0 <= onset < offset <= planned.seconds for onset, offset in spans)


@pytest.mark.parametrize("dataset", ["vggsound_avel", "ave", "avvp", "valor32k"])
def test_one_file_of_each_defect(dataset, planned):
    found = plan(dataset, planned)
    by_path = {item.path: item.clip.defect for item in found.media}
    for kind in DEFECTS:
        (path,) = found.damage[kind]
        assert by_path[path] == kind
    assert sorted(filter(None, by_path.values())) == sorted(DEFECTS)


@pytest.mark.parametrize("dataset", DATASETS)
def test_no_damage_unless_asked_for(dataset, planned):
    found = plan(dataset, replace(planned, defects=False))
    assert not any(found.damage.values())
    assert not any(item.clip.defect for item in found.media)


@pytest.mark.parametrize("dataset", ["vggsound_avel", "ave", "avvp", "valor32k", "avsbench_s4"])
def test_ids_begin_with_hyphen_and_underscore(dataset, planned):
    assert {"-", "_"} <= {clip_id[0] for clip_id in ids(dataset, planned)}


def test_shared_ids_are_the_same_clip(planned):
    clips = {dataset: {item.clip.clip_id: item.clip for item in plan(dataset, planned).media} for dataset in DATASETS}
    for one, other in [("vggsound_avel", "ave"), ("vggsound_avel", "avvp"), ("ave", "avvp")]:
        shared = clips[one].keys() & clips[other].keys()
        assert len(shared) >= 3
        assert all(clips[one][clip_id] == clips[other][clip_id] for clip_id in shared)
    assert not clips["ucf101"].keys() & (clips["vggsound_avel"].keys() | clips["ave"].keys() | clips["avvp"].keys())


def test_classes_stay_within_the_prefix(planned):
    for dataset in DATASETS:
        concepts = {
            event.concept for item in plan(dataset, replace(planned, classes=3)).media for event in item.clip.events
        }
        assert {"violin", "acoustic guitar"} <= concepts <= {"violin", "acoustic guitar", "cello"}


def test_retrieval_clips_differ_in_their_classes(planned):
    for dataset in ("clotho", "mscoco", "flickrsound"):
        split = {
            item.clip.clip_id: item.clip for item in plan(dataset, planned).media if "development" not in item.path
        }
        classes = Counter(frozenset(event.concept for event in clip.events) for clip in split.values())
        most = 3 if dataset == "flickrsound" else 2
        assert max(classes.values()) <= most and sum(len(names) == 2 for names in classes) > 0.7 * len(classes)
