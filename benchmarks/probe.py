"""Are the features usable? A linear probe per dataset and modality, on clips that the probe has not seen.

``python -m benchmarks.probe`` after the features stages. Per clip: the mean feature over the seconds of its one event class (over
space, too, for video). Beside the accuracy stand the same probe fitted on shuffled labels, and the fitted probe shown only the test
clips' background seconds: both belong near chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cmg.datasets.clips import Clip, read_index
from cmg.store.reader import FeatureStore
from pipeline import params as parameters
from pipeline import paths

AUDIBLE = {"audio": ("av", "audio"), "video": ("av", "visual")}


@dataclass(frozen=True)
class Probe:
    """Percent of unseen clips classified right; ``background`` None where the test clips have no background seconds."""

    accuracy: float
    shuffled: float
    background: float | None
    majority: float
    classes: int
    fitted: int
    tested: int


@dataclass(frozen=True)
class Example:
    """One clip: its class, mean event feature [C], mean background feature [C] or None."""

    label: str
    event: np.ndarray
    background: np.ndarray | None


def examples(store: FeatureStore, clips: Sequence[Clip], modality: str) -> list[Example]:
    """Clips with features whose events in this modality are of one class."""
    found = []
    for clip in clips:
        events = [event for event in clip.events if event.modality in AUDIBLE[modality]]
        valid = int(store.valid[clip.row])
        if len({event.label for event in events}) != 1 or valid == 0:
            continue
        feature = store.read([clip.row])[0].astype(np.float32)[:valid]
        feature = feature.mean(axis=(1, 2)) if feature.ndim == 4 else feature
        seconds = np.arange(valid)
        active = np.any([(event.onset <= seconds) & (seconds < event.offset) for event in events], axis=0)
        if active.any():
            background = feature[~active].mean(axis=0) if (~active).any() else None
            found.append(Example(events[0].label, feature[active].mean(axis=0), background))
    return found


def probe(fit: Sequence[Example], test: Sequence[Example], seed: int = 0) -> Probe:
    """Fit on ``fit``, score on ``test``."""
    x, y = np.stack([e.event for e in fit]), np.array([e.label for e in fit])
    model = _model().fit(x, y)
    shuffled = _model().fit(x, np.random.default_rng(seed).permutation(y))
    truth = np.array([e.label for e in test])
    quiet = [e for e in test if e.background is not None]
    return Probe(
        accuracy=_percent(model, [e.event for e in test], truth),
        shuffled=_percent(shuffled, [e.event for e in test], truth),
        background=_percent(model, [e.background for e in quiet], np.array([e.label for e in quiet])) if quiet else None,
        majority=100 * max(np.mean(truth == label) for label in set(truth)),
        classes=len(set(y)),
        fitted=len(fit),
        tested=len(test),
    )


def _model():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def _percent(model, features: list[np.ndarray], truth: np.ndarray) -> float:
    return 100 * float(np.mean(model.predict(np.stack(features)) == truth))


def of_dataset(dataset: str, modality: str, store: Path, index: Path) -> Probe:
    """Fit on a dataset's train (AVVP: val, the split with dense labels), score on its test split."""
    clips, opened = read_index(index), FeatureStore(store)
    split = "val" if dataset == "avvp" else "train"
    fit, test = ([clip for clip in clips if clip.split == name] for name in (split, "test"))
    return probe(examples(opened, fit, modality), examples(opened, test, modality))


def main() -> None:
    stores = parameters.load().stores
    print(f"{'dataset':14} {'modality':8} {'accuracy':>8} {'shuffled':>8} {'background':>10} {'majority':>8} classes fitted tested")
    for modality in ("video", "audio"):
        for dataset in getattr(stores, modality):
            p = of_dataset(dataset, modality, paths.store(dataset, modality), paths.index(dataset))
            background = f"{p.background:10.1f}" if p.background is not None else f"{'-':>10}"
            row = f"{p.accuracy:8.1f} {p.shuffled:8.1f} {background} {p.majority:8.1f} {p.classes:7} {p.fitted:6} {p.tested:6}"
            print(f"{dataset:14} {modality:8} {row}")


if __name__ == "__main__":
    main()
