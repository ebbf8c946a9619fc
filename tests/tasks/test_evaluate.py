"""All tasks on drawn codes: shared codes transfer, unrelated codes do not, and nothing of the test or its modality
leaks."""

import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest

from cmg.answers import class_scores, keeping
from cmg.tasks.codes import RunCodes, StoredCodes
from cmg.tasks.evaluate import TASKS, _with_dead, evaluate_run
from cmg.tasks.settings import Q_CHOSEN, Q_FIXED, EvaluateOptions
from cmg.toc import toc_scores


@pytest.fixture(scope="session")
def rankings(world):
    return {"full": toc_scores(world.codes.codebooks).ranking}


@pytest.fixture(scope="session")
def cells(world, rankings, fast):
    return evaluate_run(world.codes, world.indices, rankings, fast)


def by_key(cells):
    return {(cell.task, cell.direction, cell.toc): cell for cell in cells}


def test_every_task_direction_and_toc_is_there_once(cells):
    tasks = [name for name, task in TASKS.items() if set(task.DATASETS) <= {"ave", "avvp", "ucf101", "vggsound_avel"}]
    expected = [
        (task, direction, toc) for task in tasks for direction in ("va", "av", "vv", "aa") for toc in (False, True)
    ]
    # their datasets have no index here, so they are not run
    assert set(TASKS) - set(tasks) == {"mscoco", "clotho", "flickrsound"}
    assert [(cell.task, cell.direction, cell.toc) for cell in cells] == expected


def test_codes_that_modalities_share_transfer(cells):
    for cell in cells:
        assert cell.score > 90, cell
        assert cell.chance < 60 and cell.score > cell.chance + 30, cell
        assert cell.q == (None if not cell.toc else 12 if cell.task == "avvp" else cell.q) and cell.q in (None, 6, 12)


def test_cells_are_plain_json(cells):
    for cell in cells:
        assert json.loads(json.dumps(asdict(cell), allow_nan=False)) == asdict(cell)


def test_metrics_counts_and_sides(cells):
    found = by_key(cells)
    for task, metric in (("ave", "top1"), ("avvp", "segment_f"), ("ave_avvp", "segment_f"), ("ucf_vgg", "top1")):
        assert found[task, "va", False].metric == metric
        assert (found[task, "va", False].fit_modality, found[task, "va", False].test_modality) == ("video", "audio")
    assert found["ave", "av", False].side["per_second_top1"] > 90
    assert found["avvp", "va", False].n_val is None and found["avvp", "va", False].side["epoch"] == 80
    assert found["avvp", "va", False].n_fit == 28  # val only
    # without the flute
    assert (found["ave_avvp", "va", False].classes, found["ave_avvp", "va", False].n_test) == (3, 21)
    assert found["ucf_vgg", "va", False].n_fit + found["ucf_vgg", "va", False].n_val == 56


def test_localisation_beats_predictors_without_timing(cells):
    for cell in cells:
        if cell.metric == "segment_f":
            side = cell.side
            assert cell.score > side["true_classes_always_on"] + 10 and cell.score > side["without_timing"] + 10
            assert side["event_f"] > side["always_on"]


def test_unrelated_codes_score_at_chance(world, fast):
    """Each concept's codes stand for another concept in audio, drawn anew per clip."""
    rng = np.random.default_rng(0)
    codes = RunCodes(
        world.codes.codebooks,
        {
            key: replace(held, indices=rng.integers(0, 28, held.indices.shape).astype(np.int32))
            if key[1] == "audio"
            else held
            for key, held in world.codes.entries.items()
        },
    )
    found = by_key(evaluate_run(codes, world.indices, None, fast))
    assert min(found[task, "vv", False].score for task in ("ave", "ucf_vgg")) > 90
    crossed = [found[task, direction, False].score for task in ("ave", "ucf_vgg") for direction in ("va", "av")]
    # four classes; one cell alone may be lucky, as a head answers all clips of a class alike
    assert np.mean(crossed) < 25 + 15
    for task in ("avvp", "ave_avvp"):
        assert found[task, "va", False].score < found[task, "vv", False].score - 40


def test_same_arguments_same_cells(world, rankings, fast, cells):
    again = evaluate_run(world.codes, world.indices, rankings, fast, tasks=("ave", "ucf_vgg"))
    assert again == [cell for cell in cells if cell.task in ("ave", "ucf_vgg")]


def test_choices_never_see_the_test_clips_or_the_other_modality(world, rankings, fast, cells):
    """With the target modality's codes of every split, and all test codes, replaced by noise, the same epoch, Q and
    head come out."""
    rng = np.random.default_rng(1)

    def noise(indices):
        return rng.integers(0, 28, indices.shape).astype(np.int32)

    entries = dict(world.codes.entries)
    for dataset in world.indices:
        entries[dataset, "audio"] = replace(entries[dataset, "audio"], indices=noise(entries[dataset, "audio"].indices))
        video = entries[dataset, "video"].indices.copy()
        test = [clip.row for clip in world.indices[dataset] if clip.split == "test"]
        video[test] = noise(video[test])
        entries[dataset, "video"] = replace(entries[dataset, "video"], indices=video)
    found, expected = (
        by_key(evaluate_run(RunCodes(world.codes.codebooks, entries), world.indices, rankings, fast)),
        by_key(cells),
    )
    for key, cell in found.items():
        if key[1] == "va":
            same = {name: cell.side[name] for name in ("epoch", "val_score")}
            assert same == {name: expected[key].side[name] for name in same} and cell.q == expected[key].q
            assert cell.score < expected[key].score - 20


def test_labels_of_the_other_modality_are_never_fitted(world, fast):
    """AVVP fitted on video: wrong audio labels in val change nothing."""

    def spoil(clip):
        events = tuple(
            replace(e, label="Cat") if e.modality == "audio" and clip.split == "val" else e for e in clip.events
        )
        return replace(clip, events=events)

    spoiled = {**world.indices, "avvp": [spoil(clip) for clip in world.indices["avvp"]]}
    before, after = (
        by_key(evaluate_run(world.codes, i, None, fast, tasks=("avvp",))) for i in (world.indices, spoiled)
    )
    for direction in ("va", "vv"):
        assert before["avvp", direction, False] == after["avvp", direction, False]
    assert before["avvp", "aa", False].score > after["avvp", "aa", False].score


def test_unusable_clips_are_counted_and_left_out(world, fast):
    entries = dict(world.codes.entries)
    valid = entries["ave", "audio"].valid.copy()
    rows = [clip.row for clip in world.indices["ave"] if clip.split == "test"][:3] + [0]
    valid[rows] = 0
    entries["ave", "audio"] = replace(entries["ave", "audio"], valid=valid)
    found = by_key(evaluate_run(RunCodes(world.codes.codebooks, entries), world.indices, None, fast, tasks=("ave",)))
    assert (found["ave", "va", False].n_test, found["ave", "va", False].side["n_unusable"]) == (25, 3)
    assert (found["ave", "av", False].n_fit, found["ave", "av", False].side["n_unusable_fit"]) == (55, 1)
    assert found["ave", "vv", False].n_test == 28


def test_vectors_have_no_toc(world, rankings, fast):
    entries = {
        key: StoredCodes(held.valid, vectors=world.codes.embed(*key, np.arange(len(held.valid))))
        for key, held in world.codes.entries.items()
    }
    cells = evaluate_run(RunCodes([], entries), world.indices, rankings, fast, tasks=("ucf_vgg",))
    assert [cell.toc for cell in cells] == [False] * 4 and min(cell.score for cell in cells) > 90


def test_two_linear_head_and_max_pooling_run(world, rankings, fast):
    for options in (replace(fast, head="two_linear"), replace(fast, pool="max")):
        cells = evaluate_run(world.codes, world.indices, rankings, options, tasks=("ucf_vgg", "avvp"))
        assert min(cell.score for cell in cells) > 80, options


def test_errors(world, rankings, fast):
    with pytest.raises(ValueError, match="protocol = 'loose'; expected one of strict, published"):
        EvaluateOptions(protocol="loose")
    with pytest.raises(ValueError, match="task 'retrieval' is not known"):
        evaluate_run(world.codes, world.indices, rankings, fast, tasks=("retrieval",))
    with pytest.raises(ValueError, match="needs the index of avvp"):
        evaluate_run(world.codes, {"ave": world.indices["ave"]}, rankings, fast, tasks=("ave_avvp",))
    with pytest.raises(ValueError, match=r"ave.* has 112 rows, the index has 111"):
        evaluate_run(world.codes, {"ave": world.indices["ave"][:-1]}, rankings, fast, tasks=("ave",))
    with pytest.raises(ValueError, match="ranking has 5 dimensions, the codes have 24"):
        evaluate_run(world.codes, world.indices, {"full": np.arange(5)}, fast, tasks=("ucf_vgg",))
    with pytest.raises(ValueError, match="no TOC ranking by 'full'; found variance"):
        evaluate_run(world.codes, world.indices, {"variance": np.arange(24)}, fast, tasks=("ucf_vgg",))
    for wrong in (
        {"head": "mlp"},
        {"q_grid": ()},
        {"q_fixed": 1.5},
        {"epochs": 0},
        {"threshold": 1.0},
        {"toc_worst": 2},
    ):
        with pytest.raises(ValueError, match="evaluate:"):
            replace(fast, **wrong)
    for name, wrong, message in (
        (
            "q_fixed",
            {"default": 0.5, "ave": 0.4},
            "q_fixed names ave; expected one value, or default and any of avvp, mscoco",
        ),
        ("q_fixed", {"avvp": 0.4}, "q_fixed has no default"),
        (
            "q_grid",
            {"default": (0.5,), "avvp": (0.4,)},
            "q_grid names avvp; expected one value, or default and any of ave, ave_avvp",
        ),
        ("q_grid", {"default": (0.5,), "ave": (0.4, 2)}, r"q_grid \(0.4, 2\) must be shares of D"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(fast, **{name: wrong})


def test_every_task_has_its_own_q_where_one_is_given(world, rankings, fast):
    assert sorted((*Q_CHOSEN, *Q_FIXED)) == sorted(TASKS)
    options = replace(
        fast, q_grid={"default": (0.25,), "ucf_vgg": (0.5, 0.75)}, q_fixed={"default": 0.5, "avvp": 1 / 24}
    )
    kept = {}
    for cell in evaluate_run(world.codes, world.indices, rankings, options):
        kept.setdefault(cell.task, set()).update({cell.q} - {None})
    assert kept["ave"] == kept["ave_avvp"] == {6} and kept["avvp"] == {1} and kept["ucf_vgg"] <= {12, 18}


def test_kept_dimensions_may_come_from_the_end_of_the_ranking(world, fast):
    """A codebook with six dimensions that tell nothing, ranked last: with all of them kept from there, no head can
    answer."""
    book = world.codes.codebooks[0].copy()
    book[:, :6] = 1.0
    codes, order = RunCodes([book], world.codes.entries), {"full": np.arange(24)[::-1]}
    options = replace(fast, q_grid=(0.25,), toc_worst=1.0)
    found = by_key(evaluate_run(codes, world.indices, order, options, tasks=("ucf_vgg",)))
    assert (
        found["ucf_vgg", "va", True].dead == 6
        and found["ucf_vgg", "va", True].score < 50 < found["ucf_vgg", "va", False].score
    )
    half = by_key(evaluate_run(codes, world.indices, order, replace(options, toc_worst=0.5), tasks=("ucf_vgg",)))
    assert half["ucf_vgg", "va", True].dead == 3


def test_dead_dimensions_among_those_kept_are_counted(world, cells):
    """The drawn codebooks have none; one whose dimensions 1 and 3 are zero, in an order that has 3 among the first two,
    has one."""
    assert {cell.dead for cell in cells if cell.toc} == {0} and {cell.dead for cell in cells if not cell.toc} == {None}
    book = np.random.default_rng(0).random((5, 4)) * [1, 0, 1, 0]
    cell = replace(cells[0], q=2)
    assert _with_dead(cell, SimpleNamespace(codebooks=[book]), np.array([2, 3, 1, 0]), 0).dead == 1


def test_the_answers_that_are_kept_are_those_that_were_scored(world, fast, rankings):
    with keeping() as answers:
        cells = evaluate_run(world.codes, world.indices, rankings, fast)
    for cell in (cell for cell in cells if cell.task in ("ave", "avvp", "ave_avvp", "ucf_vgg")):
        own = [
            item for item in answers if (item.task, item.direction, item.toc) == (cell.task, cell.direction, cell.toc)
        ]
        assert len(own) == cell.n_test and {item.seconds for item in own} == {cell.metric == "segment_f"}
        scores = [class_scores([item]).values() if item.seconds else [(100.0 * item.right, 1)] for item in own]
        assert np.mean(
            [np.mean([score for score, _ in found]) if found else 100.0 for found in scores]
        ) == pytest.approx(cell.score)
        dataset = {item.dataset for item in own}
        assert len(dataset) == 1 and all(world.indices[item.dataset][item.row].split == "test" for item in own)
