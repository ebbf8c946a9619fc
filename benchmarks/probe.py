"""Are the features usable? A linear probe per dataset and modality, on clips that the probe has not seen.

``python -m benchmarks.probe`` after the features stages. Per clip: the mean feature over the seconds of its one event
class (over space, too, for video). Every clip is scored by a probe fitted on other clips (five folds). Beside the
accuracy stand the same with shuffled labels, and the fitted probes shown only the background seconds of the clips: both
belong near chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cmg.datasets.clips import Clip, read_index
from cmg.store.reader import FeatureStore
from pipeline import params as parameters
from pipeline import paths

AUDIBLE = {"audio": ("av", "audio"), "video": ("av", "visual")}


@dataclass(frozen=True)
class Probe:
    """Percent of unseen clips classified right; ``background`` None where no clip has background seconds."""

    accuracy: float
    shuffled: float
    background: float | None
    majority: float
    classes: int
    clips: int


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


def probe(found: Sequence[Example], seed: int = 0, folds: int = 5) -> Probe:
    """Stratified cross-validation: every clip is scored by a probe that was fitted on the other folds."""
    x, y = np.stack([e.event for e in found]), np.array([e.label for e in found])
    mixed = np.random.default_rng(seed).permutation(y)
    quiet = np.array([e.background is not None for e in found])
    event, shuffled, background = np.zeros(len(y), bool), np.zeros(len(y), bool), np.zeros(len(y), bool)
    for fit, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(x, y):
        model = _model().fit(x[fit], y[fit])
        event[test] = model.predict(x[test]) == y[test]
        shuffled[test] = _model().fit(x[fit], mixed[fit]).predict(x[test]) == y[test]
        rows = test[quiet[test]]
        if len(rows):
            background[rows] = model.predict(np.stack([found[row].background for row in rows])) == y[rows]
    majority = max(np.mean(y == label) for label in set(y))
    return Probe(
        accuracy=100 * event.mean(),
        shuffled=100 * shuffled.mean(),
        background=100 * background[quiet].mean() if quiet.any() else None,
        majority=100 * majority,
        classes=len(set(y)),
        clips=len(y),
    )


def _model():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))


def of_dataset(modality: str, store: Path, index: Path) -> Probe:
    """Probe one store with the events of its clip index."""
    return probe(examples(FeatureStore(store), read_index(index), modality))


CLASSIFIED = ("vggsound_avel", "ave", "avvp", "ucf101")  # retrieval datasets have no classes


def main() -> None:
    stores = parameters.load().stores
    print(
        f"{'dataset':14} {'modality':8} {'accuracy':>8} {'shuffled':>8} "
        f"{'background':>10} {'majority':>8} classes  clips"
    )
    for modality in ("video", "audio"):
        for dataset in (name for name in getattr(stores, modality) if name in CLASSIFIED):
            p = of_dataset(modality, paths.store(dataset, modality), paths.index(dataset))
            background = f"{p.background:10.1f}" if p.background is not None else f"{'-':>10}"
            print(
                f"{dataset:14} {modality:8} {p.accuracy:8.1f} {p.shuffled:8.1f} "
                f"{background} {p.majority:8.1f} {p.classes:7} {p.clips:6}"
            )


if __name__ == "__main__":
    main()
