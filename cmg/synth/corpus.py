"""Writes one dataset of the sample corpus: plans it, renders and encodes its clips in worker processes, adds its lists,
seals it."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from cmg.synth import ave, avel, avvp, celeba, clotho, flickr, mscoco, s4, ucf101, valor
from cmg.synth.media import write_media
from cmg.synth.plan import DatasetPlan, Media
from cmg.synth.spec import CorpusSpec

PLANS = {
    "vggsound_avel": avel.plan,
    "ave": ave.plan,
    "avvp": avvp.plan,
    "ucf101": ucf101.plan,
    "clotho": clotho.plan,
    "mscoco": mscoco.plan,
    "flickrsound": flickr.plan,
    "valor32k": valor.plan,
    "avsbench_s4": s4.plan,
    "celeba_hq": celeba.plan,
}
MARK = "SAMPLE.json"


@dataclass(frozen=True)
class CorpusSummary:
    """What was written: rows per split, media files and their bytes, and the deliberate damage by kind (paths, ids or
    rows)."""

    dataset: str
    rows: dict[str, int]
    files: int
    bytes: int
    damage: dict[str, tuple[str, ...]]


def plan(dataset: str, spec: CorpusSpec) -> DatasetPlan:
    """The plan of a dataset; ValueError for one that the sample corpus does not have."""
    spec.split(dataset)
    return PLANS[dataset](spec)


def generate(
    dataset: str, root: Path, spec: CorpusSpec, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> CorpusSummary:
    """Writes `dataset` under `root`, all or nothing: a folder beside it is filled and takes its place when complete.

    The bytes depend on `spec` and the installed libraries only, not on `workers` or on which datasets are written; a
    clip listed in two datasets is the same file in both. `progress(done, total)` is called after every clip.
    `SAMPLE.json` marks the root as a sample and repeats the specification, as far as it concerns this dataset, and the
    summary. FileExistsError when `root` holds anything that is not a sample corpus; ValueError for an unknown dataset
    or a specification without room for its defects.
    """
    root = Path(root)
    planned = plan(dataset, spec)
    _refuse_foreign(root)
    partial_root = root.with_name(f".{root.name}.partial")
    if partial_root.exists():
        shutil.rmtree(partial_root)
    for media in planned.media:
        (partial_root / media.path).parent.mkdir(parents=True, exist_ok=True)
    sizes = []
    for size in _write_all(planned.media, partial_root, spec, workers):
        sizes.append(size)
        if progress is not None:
            progress(len(sizes), len(planned.media))
    summary = CorpusSummary(dataset, planned.rows, sum(size > 0 for size in sizes), sum(sizes), planned.damage)
    _write_texts(partial_root, planned, spec, summary)
    if root.exists():
        shutil.rmtree(root)
    os.replace(partial_root, root)
    return summary


def _write_all(media: Iterable[Media], root: Path, spec: CorpusSpec, workers: int) -> Iterator[int]:
    """Sizes in plan order."""
    task = partial(write_media, root=root, spec=spec)
    if workers <= 1:
        yield from map(task, media)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(task, media, chunksize=4)


def _refuse_foreign(root: Path) -> None:
    if root.exists() and any(root.iterdir()) and not (root / MARK).is_file():
        raise FileExistsError(
            f"{root}: expected no folder or an earlier sample corpus (with {MARK}), found other files; "
            "choose another folder"
        )


def _write_texts(root: Path, planned: DatasetPlan, spec: CorpusSpec, summary: CorpusSummary) -> None:
    mark = json.dumps({"specification": spec.of(planned.dataset), "summary": asdict(summary)}, indent=1, sort_keys=True)
    for name, text in {**planned.texts, MARK: mark + "\n"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
