"""What is known of features of real weights, and what does not fit: warnings, no errors, as samples of clips differ. No
torch.

Mean squares are read off the first line of a real training log (facts/codaar_dev.md 1.3) and AVE's released file
(facts/datasets.md 2.2). VGGish's embedding can be taken before its last ReLU (`output: linear`: signed, mean square
near 0.5) or after it (`relu`: no negative value, near 0.08), and published features are of both kinds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cmg.store.statistics import Statistics

# released sound features, as far as known
SIGNED = {"vggsound_avel": "linear", "avsbench_s4": "linear", "clotho": "linear", "ave": "relu"}
APART = 3.0  # times that mean squares of pretraining and evaluation features may differ
UNKNOWN = "not known"


@dataclass(frozen=True)
class Range:
    """Mean square of one dataset's features; version: of its list, "" = any; output: of VGGish, "" = video."""

    dataset: str
    version: str
    modality: str
    output: str
    low: float
    high: float


RANGES = (
    Range("vggsound_avel", "90k", "video", "", 44.0, 50.0),
    Range("vggsound_avel", "90k", "audio", "linear", 0.45, 0.52),
    Range("ave", "", "audio", "relu", 0.071, 0.096),  # 0.0837 within 15 %
)


def output_of(found: Statistics) -> str:
    """VGGish's output as values have it: any negative value is from before the last ReLU."""
    return "linear" if found.low < 0 else "relu"


def misfits(dataset: str, version: str, modality: str, about: Mapping[str, Any], found: Statistics) -> list[str]:
    """What does not fit, a line each.

    about: `provenance` and `recipe` of the store; a folder of released features has the provenance "released". Nothing
    is known of random weights. found: of a few clips.
    """
    recipe, released = about.get("recipe", {}), about.get("provenance") == "released"
    if modality not in ("audio", "video") or (not released and recipe.get("weights") not in ("audioset", "caffe")):
        return []
    output = "" if modality == "video" else output_of(found)
    wanted = SIGNED.get(dataset, output) if released else recipe.get("output", output)
    lines = []
    if modality == "audio" and output != wanted and wanted in ("relu", "linear"):
        lines.append(f"lowest value {found.low:.3g}: {_stage(output)}, expected {_stage(wanted)}")
    for known in RANGES:
        fits = (
            known.dataset == dataset
            and known.version in ("", version)
            and (known.modality, known.output) == (modality, output)
        )
        if fits and not known.low <= found.mean_square <= known.high:
            lines.append(f"mean square {found.mean_square:.3g}, expected {known.low:g} to {known.high:g}")
    return [f"{dataset} {modality}: {line} (docs/features.md)" for line in lines]


def disagreement(dataset: str, modality: str, trained: Statistics, found: Statistics) -> str:
    """That features to be encoded are of another kind than those of training; empty where they are not."""
    if modality == "audio" and output_of(trained) != output_of(found):
        return (
            f"{dataset} audio: {_stage(output_of(found))}, the training features {_stage(output_of(trained))}: "
            f"mean squares {found.mean_square:.3g} and {trained.mean_square:.3g}"
        )
    ratio = found.mean_square / trained.mean_square if trained.mean_square else float("inf")
    if 1 / APART <= ratio <= APART:
        return ""
    return (
        f"{dataset} {modality}: mean square {found.mean_square:.3g}, "
        f"that of the training features {trained.mean_square:.3g}"
    )


def mixture(released: Iterable[str]) -> str:
    """That sound features of these datasets, as released, are of both kinds; empty where they are not known to be."""
    kinds: dict[str, list[str]] = {}
    for dataset in released:
        kinds.setdefault(SIGNED.get(dataset, UNKNOWN), []).append(dataset)
    if not {"linear", "relu"} <= set(kinds):
        return ""
    said = "; ".join(
        f"{_stage(kind) if kind != UNKNOWN else UNKNOWN}: {', '.join(names)}" for kind, names in sorted(kinds.items())
    )
    return f"released sound features are a mixture ({said}), as in the published numbers"


def _stage(output: str) -> str:
    return {"linear": "before VGGish's last ReLU", "relu": "after VGGish's last ReLU"}[output]
