"""The released heads, losses and scores: against arrays of the released code, scikit-learn, and values worked out by
hand."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cmg.datasets.clips import Clip, Event
from cmg.datasets.labels import avvp_targets
from cmg.datasets.names import AVVP_CLASSES_CMG
from cmg.tasks import released_heads as heads
from cmg.tasks.recipes import CODAAR, FCID, Recipe, draws_needed

SHARED = Path(os.environ.get("CMG_SHARED", Path(__file__).parents[2] / "../shared"))
FCID_HEADS, FCID_LABELS = SHARED / "golden/fcid/downstream_heads.npz", SHARED / "golden/fcid/avvp_labels.npz"
CODAAR_HEADS = SHARED / "golden/codaar/heads_metrics.npz"
ABSENT = "reference arrays of the released code are absent (set CMG_SHARED)"


def arrays_of(path):
    with np.load(path) as golden:
        return {key: golden[key] for key in golden}


def head_of(golden, prefix, names, hidden, answers, per_clip):
    size = golden[f"{prefix}{names[0]}.weight"].shape[1]
    head = heads.Head(size, hidden, answers, per_clip)
    for layer, name in zip(head.layers, names, strict=True):
        layer.load_state_dict(
            {part: torch.from_numpy(golden[f"{prefix}{name}.{part}"]).double() for part in ("weight", "bias")}
        )
    return head


@pytest.mark.skipif(not FCID_HEADS.exists(), reason=ABSENT)
def test_fcid_heads_losses_and_scores():
    golden = arrays_of(FCID_HEADS)
    names = ("linear", "event_classifier")
    ave, avvp = (
        head_of(golden, "ave_head/", names, (1.0,), 28, True),
        head_of(golden, "avvp_head/", names, (1.0,), 26, False),
    )
    classes = np.array([heads.clip_class(labels) for labels in golden["labels_ave"]])
    np.testing.assert_array_equal(classes, golden["event_index"])
    logits = ave(torch.from_numpy(golden["x_ave"]))
    np.testing.assert_allclose(logits.detach(), golden["logits_ave"], rtol=1e-12)
    np.testing.assert_allclose(heads.loss(logits, torch.from_numpy(classes), None).item(), golden["ce_ave"], rtol=1e-12)
    order = np.arange(6)
    for key, expected in (("logits_ave", "acc_ave"), ("logits_ave_b", "acc_ave_b")):
        assert heads.scores(FCID["ave"], golden[key].argmax(1), classes, order)["score"] == pytest.approx(
            golden[expected]
        )
    target = torch.from_numpy(golden["labels_avvp"])
    logits, alpha = avvp(torch.from_numpy(golden["x_avvp"])), torch.full((26,), 0.1, dtype=torch.float64)
    np.testing.assert_allclose(logits.detach().reshape(50, 26), golden["logits_avvp"], rtol=1e-12)
    np.testing.assert_allclose(heads.exp_log(logits, target, alpha).item(), golden["explog_avvp"], rtol=1e-7)
    expected = golden["bce_avvp_float64"] + golden["explog_avvp"]
    np.testing.assert_allclose(heads.loss(logits, target, alpha).item(), expected, rtol=1e-7)
    for key in ("", "_b"):
        active = golden[f"logits_avvp{key}"].reshape(5, 10, 26) > 0
        np.testing.assert_allclose(
            heads.micro(active, golden["labels_avvp"] > 0), golden[f"precision_recall_avvp{key}"], rtol=1e-7
        )


@pytest.mark.skipif(not FCID_LABELS.exists(), reason=ABSENT)
def test_avvp_labels():
    golden = arrays_of(FCID_LABELS)
    assert tuple(golden["categories"]) == AVVP_CLASSES_CMG
    text = json.loads((FCID_LABELS.parent / "index.json").read_text())["files"]["avvp_labels.npz"]["what"]
    for clip in json.loads(text[text.index("[{") :]):
        events = tuple(
            Event(label, on, off, "audio")
            for label, on, off in zip(clip["events"], clip["onset"], clip["offset"], strict=True)
        )
        found = heads.with_background(avvp_targets(Clip(0, clip["id"], events=events), "audio", AVVP_CLASSES_CMG))
        np.testing.assert_array_equal(found, golden[f"label_{clip['id']}"])


CODAAR_LAYERS = {
    "ave": (("linear", "event_classifier"), 28, True),
    "avvp": (("linear", "fusion_layer", "linear1", "event_classifier"), 26, False),
    "ave_avvp": (("linear", "event_classifier"), 13, False),
    "ucf_vgg": (("linear", "event_classifier"), 16, True),
}


@pytest.mark.skipif(not CODAAR_HEADS.exists(), reason=ABSENT)
@pytest.mark.parametrize("task", list(CODAAR_LAYERS))
def test_codaar_heads(task):
    golden = arrays_of(CODAAR_HEADS)
    names, answers, per_clip = CODAAR_LAYERS[task]
    head = head_of(golden, f"{task}/w.", names, CODAAR[task].hidden, answers, per_clip)
    logits = head(torch.from_numpy(golden[f"{task}/x"])).detach().reshape(-1, answers)
    np.testing.assert_allclose(logits, golden[f"{task}/logits"], rtol=1e-10)


@pytest.mark.skipif(not CODAAR_HEADS.exists(), reason=ABSENT)
def test_codaar_scores_and_losses():
    golden = arrays_of(CODAAR_HEADS)
    classes = np.array([heads.clip_class(labels) for labels in golden["metric_ave/labels"]])
    np.testing.assert_array_equal(classes, golden["metric_ave/class_index"])
    answer = golden["metric_ave/logits"].argmax(1)
    assert heads.macro_precision(answer, classes) == pytest.approx(float(golden["metric_ave/precision"]), rel=1e-6)
    assert heads.scores(FCID["ave"], answer, classes, np.arange(64))["score"] == pytest.approx(
        golden["metric_ave/accuracy"]
    )
    logits, target = golden["metric_avvp/logits"], golden["metric_avvp/labels"]
    expected = golden["metric_avvp/precision"], golden["metric_avvp/recall"]
    np.testing.assert_allclose(heads.micro(logits > 0, target > 0), expected, rtol=1e-6)
    tensors = [torch.from_numpy(golden[f"metric_avvp/{name}"]).double() for name in ("logits", "labels", "alpha")]
    np.testing.assert_allclose(heads.exp_log(*tensors).item(), golden["metric_avvp/explog"], rtol=1e-6)
    expected = golden["metric_avvp/explog"] + golden["metric_avvp/bce"]
    np.testing.assert_allclose(heads.loss(*tensors).item(), expected, rtol=1e-6)
    answer = golden["metric_ucf/logits"].argmax(1)
    found = heads.scores(CODAAR["ucf_vgg"], answer, golden["metric_ucf/class_index"], np.arange(32))["score"]
    assert found == pytest.approx(golden["metric_ucf/precision"])


PAIRS = st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(2, 4)).flatmap(
    lambda s: st.tuples(arrays(bool, s), arrays(bool, s))
)


@settings(max_examples=60)
@given(PAIRS)
def test_micro_scores_of_one_batch_equal_scikit_learns(pair):
    metrics = pytest.importorskip("sklearn.metrics")
    active, target = pair
    if not target.any():
        return
    found = heads.batched_f1(active, target, batch_size=99)
    expected = metrics.precision_recall_fscore_support(
        target.ravel(), active.ravel(), average="binary", zero_division=0
    )
    np.testing.assert_allclose(
        [found["precision"], found["recall"], found["f1"]], 100 * np.array(expected[:3], float), atol=1e-9
    )


@settings(max_examples=60)
@given(arrays(np.int64, (12, 2), elements=st.integers(0, 4)))
def test_macro_precision_equals_scikit_learns_over_the_predicted_classes(pair):
    metrics = pytest.importorskip("sklearn.metrics")
    answer, target = pair.T
    expected = metrics.precision_score(target, answer, labels=np.unique(answer), average="macro", zero_division=0)
    assert heads.macro_precision(answer, target) == pytest.approx(100 * expected)
    accuracy = heads.scores(FCID["ave"], answer, target, np.arange(12))["score"]
    assert accuracy == pytest.approx(100 * metrics.accuracy_score(target, answer))


def test_batches_change_the_score_and_an_empty_one_counts_as_nothing():
    target = np.ones((4, 1, 2), bool)
    active = np.array([[1, 1], [1, 1], [0, 0], [0, 0]], bool)[:, None]
    assert heads.batched_f1(active, target, 4)["f1"] == pytest.approx(100 * 2 / 3)  # precision 1, recall 1/2
    assert heads.batched_f1(active, target, 2) == {"f1": 50, "precision": 50, "recall": 50}
    assert heads.batched_f1(~active & active, target, 2)["f1"] == 0
    assert heads.clip_class(np.zeros((10, 29))) == 0  # a clip without an event becomes class 0


def drawn(seed=0, n=30):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 3, n)
    return (rng.normal(size=(n, 4, 6)) + 2 * np.eye(6)[target][:, None]).astype(np.float32), target


def test_the_best_epoch_is_picked_on_the_reported_score_and_the_last_where_the_script_keeps_it():
    codes, target = drawn()
    test = drawn(1)
    runs = [
        heads.run(Recipe(epochs, learning_rate=3e-2), lambda _: codes, target, {"t": test}, 3, seed=0)["t"]
        for epochs in (1, 4, 8)
    ]
    assert [picked.scores["score"] for picked in runs] == sorted(picked.scores["score"] for picked in runs)
    last = heads.run(Recipe(5, learning_rate=3e-2, pick="last"), lambda _: codes, target, {"t": test}, 3, seed=0)["t"]
    assert last.epoch == 5
    again = heads.run(Recipe(8, learning_rate=3e-2), lambda _: codes, target, {"t": test}, 3, seed=0)["t"]
    assert again == runs[2]


def test_every_epoch_is_fitted_on_its_own_draw():
    codes, target = drawn()
    asked = []
    heads.run(Recipe(3), lambda epoch: asked.append(epoch) or codes, target, {"t": (codes, target)}, 3, seed=0)
    assert set(asked) == {0, 1, 2}
    assert draws_needed("fcid") == {
        ("ave", "audio"): 46, ("ave", "video"): 46, ("avvp", "audio"): 47, ("avvp", "video"): 47,
        ("ucf101", "video"): 76, ("vggsound_avel", "audio"): 76,
    }  # fmt: skip
    assert draws_needed("codaar")["avvp", "audio"] == 44
