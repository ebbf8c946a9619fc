"""Open-set tasks on drawn codes: what is known and unknown, what is chosen without test labels, what transfers."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from cmg.tasks import openset
from cmg.tasks.codes import RunCodes
from cmg.tasks.evaluate import evaluate_open_set
from cmg.toc import toc_scores


@pytest.fixture(scope="module")
def cells(world, fast):
    return openset.run(world.codes, world.indices, toc_scores(world.codes.codebooks).ranking, fast)


def test_tasks_shares_directions_and_toc(cells):
    keys = [(c.task, c.known_classes, c.direction, c.toc) for c in cells]
    known = {"ave": (2, 3), "ucf": (1, 3), "ucf_vgg": (2, 3)}  # of four classes
    expected = [(t, k, d, toc) for t, ks in known.items() for k in ks for d in ("va", "av") for toc in (False, True)]
    assert keys == expected
    assert all(c.classes == 4 and c.n_unknown / (c.n_known + c.n_unknown) == 1 - c.known_classes / 4 for c in cells)


def test_shared_codes_of_known_classes_transfer(cells):
    assert all(c.closed > 90 for c in cells)
    assert all(c.oscr <= min(c.closed, c.auroc) + 1e-9 for c in cells)
    assert all(json.loads(json.dumps(asdict(c))) == asdict(c) for c in cells)


def test_ucf_classes_are_those_with_sound_and_none_without_audio_codes(world, fast):
    entries = dict(world.codes.entries)
    silent = [clip.row for clip in world.indices["ucf101"] if clip.events[0].label == "Typing"]
    valid = entries["ucf101", "audio"].valid.copy()
    valid[silent] = 0
    entries["ucf101", "audio"] = replace(entries["ucf101", "audio"], valid=valid)
    found = [
        c for c in openset.run(RunCodes(world.codes.codebooks, entries), world.indices, None, fast) if c.task == "ucf"
    ]
    assert [(c.known_classes, c.classes, c.direction) for c in found] == [
        (1, 3, "va"),
        (1, 3, "av"),
        (2, 3, "va"),
        (2, 3, "av"),
    ]
    del entries["ucf101", "audio"]
    found = openset.run(RunCodes(world.codes.codebooks, entries), world.indices, None, fast)
    assert {c.task for c in found} == {"ave", "ucf_vgg"} and not any(c.toc for c in found)


def test_a_dataset_that_is_left_out_takes_its_tasks_along(world, fast):
    indices = {name: clips for name, clips in world.indices.items() if name != "vggsound_avel"}
    assert {cell.task for cell in evaluate_open_set(world.codes, indices, None, fast)} == {"ave", "ucf"}


def test_the_published_protocol_has_none(world, fast):
    assert evaluate_open_set(world.codes, world.indices, None, replace(fast, protocol="published")) == []


def test_the_fixed_rule_never_sees_test_labels_or_the_target_modality(world, fast):
    """With noise for all audio codes, a head fitted on video and its answers to validation clips, hence its threshold,
    stay the same."""
    rng = np.random.default_rng(0)
    noise = world.recode("ave", "audio", lambda indices: rng.integers(0, 28, indices.shape).astype(np.int32))
    sides, classes = openset._tasks(world.codes, world.indices, fast)["ave"]
    one, two = (openset._trial(codes, "ave", sides, 2, "v", "a") for codes in (world.codes, noise))
    fitted = [
        openset.strict.fit_heads(trial, codes, None, fast)[0] for trial, codes in ((one, world.codes), (two, noise))
    ]
    logits = [f.logits(world.codes.embed("ave", "video", one.val.rows)) for f in fitted]
    assert classes == 4 and np.array_equal(*logits) and np.array_equal(fitted[0].epoch, fitted[1].epoch)
    assert not set(one.fit.sources) & set(one.tests["va"].sources)
    assert set(one.fit.target) == set(one.val.target) == {0, 1} and set(one.tests["va"].target) == {0, 1, 2, 3}
