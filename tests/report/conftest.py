"""Made-up inputs: three methods, three seeds, hostile clip ids, written in the formats of the stages."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from cmg.report.inputs import ReportInputs, load_inputs
from cmg.report.layout import CELLS
from cmg.results import Cell, OpenCell, Run, write_run

HOSTILE = '<script>alert("x")</script>'
OPEN = OpenCell(
    **{"task": "ave", "known_classes": 14, "classes": 28, "direction": "va", "toc": False},
    **{"h": 40.0, "known": 30.0, "unknown": 60.0, "released_h": 45.0, "released_known": 40.0, "released_unknown": 51.0},
    **{"auroc": 62.5, "oscr": 33.0, "closed": 48.0, "q": None, "n_fit": 10, "n_val": 5, "n_known": 7, "n_unknown": 8},
)
RELEASED = {"ave": "accuracy", "avvp": "f1", "ave_avvp": "f1", "ucf_vgg": "accuracy"}  # metrics of the released scripts
LEVELS = {"baseline": 9.0, "infonce_kmeans": 35.0, "fcid": 61.0}


def make_cell(**given) -> Cell:
    """A cell of table 1 unless something else is given."""
    about = {"task": "ave", "direction": "va", "toc": False, "metric": "top-1", "score": 61.0, "q": None, "chance": 3.5}
    sizes = {"fit_modality": "video", "test_modality": "audio", "n_fit": 300, "n_val": 40, "n_test": 41, "classes": 28}
    return Cell(**{**about, **sizes, **given})


def make_cells(level: float, seed: int, skip: tuple[str, ...] = ()) -> tuple[Cell, ...]:
    cells = []
    for place, spec in enumerate(CELLS):
        for toc in (False, True):
            for direction, bonus in ((spec.direction, 0.0), (spec.bound_direction, 20.0)):
                if spec.key in skip and not bonus:
                    continue
                score, about = (
                    level + place + 1.25 * seed + bonus + (0.8 if toc else 0.0),
                    {"task": spec.task, "direction": direction},
                )
                cells.append(make_cell(**about, toc=toc, score=score, q=128 if toc else 256, chance=3.5 + place))
    return tuple(cells)


@pytest.fixture
def make_run():
    def make(
        method: str = "fcid",
        seed: int = 0,
        protocol: str = "strict",
        skip: tuple[str, ...] = (),
        level: float | None = None,
    ) -> Run:
        cells = make_cells(LEVELS[method] if level is None else level, seed, skip)
        if protocol == "published":
            cells = tuple(replace(cell, metric=RELEASED[cell.task]) for cell in cells)
        return Run(method, "paper", seed, protocol, cells)

    return make


def _write_csv(path: Path, rows: list[list]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(rows)
    return path


def _history(root: Path, run: str, seed: int, steps: int) -> Path:
    head = [
        "step",
        "epoch",
        "recon_audio",
        "recon_video",
        "commit",
        "infonce_av",
        "total",
        "usage.audio",
        "perplexity.audio",
        "usage.video",
    ]
    rows = []
    for step in range(1, steps + 1):
        fall = math.exp(-step / 40) + 0.05 * math.sin(step + seed)
        rows.append(
            [
                step,
                step // 20,
                fall,
                48 * fall + seed,
                0.7 * fall,
                5 * fall,
                54 * fall,
                1 - fall / 3,
                128 * (1 - fall / 2),
                0.9 - fall / 4,
            ]
        )
    return _write_csv(root / "data/checkpoints" / run / "history.csv", [head, *rows])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, list[Path]]:
    return make_files(tmp_path)


def make_files(tmp_path: Path) -> dict[str, list[Path]]:
    """Files as the stages write them, under their usual names."""
    found: dict[str, list[Path]] = {
        "runs": [],
        "histories": [],
        "stores": [],
        "failures": [],
        "problems": [],
        "remarks": [],
    }
    for method, level in LEVELS.items():
        for seed in range(3):
            path = tmp_path / "results/runs" / f"{method}-{seed}.json"
            write_run(path, Run(method, "paper", seed, "strict", make_cells(level, seed), openset=(OPEN,)))
            found["runs"].append(path)
            found["histories"].append(_history(tmp_path, f"{method}-{seed}", seed, 120))
    for dataset, modality in (("ave", "audio"), ("ave", "video"), ("avvp", "audio")):
        store = tmp_path / "data/features" / dataset / f"{modality}.zarr"
        store.mkdir(parents=True)
        attributes = {
            "counts": {"ok": 40, "failed": 2},
            "recipe": {"name": modality, "hop": 1.0},
            "weights_digest": "ab" * 32,
        }
        (store / "zarr.json").write_text(json.dumps({"zarr_format": 3, "attributes": attributes}))
        found["stores"].append(store)
        rows = [
            [3, HOSTILE, "failed", "no audio stream"],
            [9, "-a b,c#\u202e", "failed", "no audio stream"],
            [11, "x" * 90, "timeout", "no frame in 60 s"],
        ]
        found["failures"].append(
            _write_csv(store.with_name(f"{modality}.failures.csv"), [["row", "clip_id", "status", "reason"], *rows])
        )
        rows = [
            [5, "y" * 11, "test", "rotated", f"turned by 90 degrees {HOSTILE}"],
            [6, HOSTILE, "", "rotated", "turned by 180 degrees"],
        ]
        found["remarks"].append(
            _write_csv(store.with_name(f"{modality}.remarks.csv"), [["row", "clip_id", "split", "kind", "text"], *rows])
        )
    rows = [["Annotations.txt", 7, "inverted", "offset before onset", "Bark&<b>bold</b>&4&2"]]
    found["problems"].append(
        _write_csv(tmp_path / "data/index/ave.problems.csv", [["file", "line", "kind", "reason", "text"], *rows])
    )
    return found


@pytest.fixture
def inputs(files: dict[str, list[Path]]) -> ReportInputs:
    return make_inputs(files)


def make_inputs(files: dict[str, list[Path]]) -> ReportInputs:
    fingerprints = {path.stem: f"{number:064x}" for number, path in enumerate(files["runs"], start=1)}
    return load_inputs(**files, sample=True, random_backbones=True, fingerprints=fingerprints, facts={"Scale": "mini"})
