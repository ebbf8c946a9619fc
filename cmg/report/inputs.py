"""What the tables and the page are made from, read from files and checked."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cmg.answers import Answer
from cmg.files import BadFile
from cmg.report.codebooks import CodebookMaps
from cmg.report.history import History, read_history
from cmg.report.layout import sample_notice
from cmg.report.published import USUAL, Published, read_published
from cmg.report.rebuilt import Rebuilt
from cmg.report.retrieved import Exhibit
from cmg.results import Example, Item, Run, read_run


@dataclass(frozen=True)
class Group:
    """``count`` rows of one file that share place (split or annotation file), status and reason, with a few clip ids or
    lines."""

    dataset: str
    modality: str
    place: str
    status: str
    reason: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class StoreFacts:
    """What a sealed feature store says of itself; ``counts`` is clips by status."""

    dataset: str
    modality: str
    counts: Mapping[str, int]
    recipe: str
    weights: str


@dataclass(frozen=True)
class Training:
    """What a checkpoint says of its training. ``clips`` used; ``schedule`` is empty where it was imported instead of
    trained."""

    run: str
    clips: int | None = None
    schedule: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportInputs:
    """Everything that ``write_tables`` and ``write_report`` use.

    ``fingerprints``: ``{run name: digest}``. ``sample``: a dataset is the generated corpus. ``random_backbones``:
    features come from random weights. ``facts``: pairs of label and text that the page lists as they are. ``datasets``:
    name and source.
    ``remark``: what every table says of real features.
    ``contrasts``: temperature and similarity of the methods with InfoNCE. ``warnings``: per run, what was unhealthy at
    the end of training.
    ``problem_files``: files of extraction failures, of index problems and of remarks that were read, so that "none" is
    told from "not looked at".
    ``examples``: those of the runs that are shown, by run name; ``exhibits``: what stands for each clip in them.
    ``answers``: of heads to test clips, by run.
    ``rebuilt``, ``figure10``: what table 3 is made from, and its figure as SVG.
    ``problem_files``: files of extraction failures and of index problems that were read, so that "none" is told from
    "not looked at".
    """

    runs: tuple[Run, ...]
    sample: bool
    random_backbones: bool
    published: tuple[Published, ...] = field(default_factory=read_published)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    pretraining: str = USUAL
    contrasts: Mapping[str, str] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    histories: tuple[History, ...] = ()
    health: tuple[History, ...] = ()
    stores: tuple[StoreFacts, ...] = ()
    failures: tuple[Group, ...] = ()
    remarks: tuple[Group, ...] = ()
    problems: tuple[Group, ...] = ()
    problem_files: tuple[int, int, int] = (0, 0, 0)
    facts: tuple[tuple[str, str], ...] = ()
    datasets: tuple[tuple[str, str], ...] = ()
    training: tuple[Training, ...] = ()
    maps: tuple[CodebookMaps, ...] = ()
    examples: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    exhibits: Mapping[Item, Exhibit] = field(default_factory=dict)
    remark: str = ""
    rebuilt: tuple[Rebuilt, ...] = ()
    figure10: str = ""
    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)

    @property
    def notice(self) -> str:
        """First line of every table and page; empty exactly when data and weights are real."""
        return sample_notice(self.sample, self.random_backbones)


def load_inputs(
    runs: Iterable[Path],
    *,
    sample: bool,
    random_backbones: bool,
    histories: Iterable[Path] = (),
    health: Iterable[Path] = (),
    stores: Iterable[Path] = (),
    failures: Iterable[Path] = (),
    remarks: Iterable[Path] = (),
    problems: Iterable[Path] = (),
    fingerprints: Mapping[str, str] | None = None,
    pretraining: str = USUAL,
    contrasts: Mapping[str, str] | None = None,
    warnings: Mapping[str, Sequence[str]] | None = None,
    facts: Mapping[str, str] | None = None,
    datasets: Mapping[str, str] | None = None,
    checkpoints: Iterable[Path] = (),
    maps: Iterable[CodebookMaps] = (),
    remark: str = "",
) -> ReportInputs:
    """Read the files; order of arguments does not matter, results are sorted by name.

    Args:
        runs: ``results/runs/<method>-<seed>.json``.
        histories, health: ``data/checkpoints/<run>/history.csv`` and ``codebook.csv``.
        stores: ``data/features/<dataset>/<modality>.zarr`` (sealed; only the root metadata is read).
        failures: ``data/features/<dataset>/<modality>.failures.csv`` (``row,clip_id,status,reason``).
        remarks: ``data/features/<dataset>/<modality>.remarks.csv`` (``row,clip_id,split,kind,text``).
        problems: ``data/index/<dataset>.problems.csv`` (``file,line,kind,reason,text``).
        checkpoints: ``data/checkpoints/<run>/checkpoint.json``.

    Raises:
        FileNotFoundError: a path is absent. ValueError: a file is not what its stage writes.
    """
    failures, problems, remarks = sorted(failures), sorted(problems), sorted(remarks)
    return ReportInputs(
        runs=tuple(read_run(path) for path in sorted(runs)),
        sample=sample,
        random_backbones=random_backbones,
        fingerprints=dict(fingerprints or {}),
        pretraining=pretraining,
        contrasts=dict(contrasts or {}),
        warnings=dict(warnings or {}),
        histories=tuple(read_history(path) for path in sorted(histories)),
        health=tuple(read_history(path, "epoch") for path in sorted(health)),
        stores=tuple(read_store(path) for path in sorted(stores)),
        failures=tuple(
            group for path in failures for group in read_groups(path, path.parent.name, path.name.split(".")[0])
        ),
        remarks=tuple(
            group for path in remarks for group in read_remarks(path, path.parent.name, path.name.split(".")[0])
        ),
        problems=tuple(group for path in problems for group in read_groups(path, path.name.split(".")[0], "")),
        problem_files=(len(failures), len(problems), len(remarks)),
        facts=tuple((facts or {}).items()),
        datasets=tuple((datasets or {}).items()),
        training=tuple(read_training(path) for path in sorted(checkpoints)),
        maps=tuple(maps),
        remark=remark,
    )


def read_groups(path: Path, dataset: str, modality: str, examples: int = 3) -> list[Group]:
    """Rows of a failures or problems file counted by (split or file, status or kind, reason), largest count first.

    Raises:
        ValueError: the file has no ``reason`` column.
    """
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
        found = reader.fieldnames or []
    if "reason" not in found:
        raise BadFile(
            f"{path}: expected a column 'reason', found {', '.join(found) or 'an empty file'}; run: dvc repro"
        )
    keys = [(_first(row, "split", "file"), _first(row, "status", "kind"), _first(row, "reason")) for row in rows]
    ids: dict[tuple[str, str, str], list[str]] = {}
    for key, row in zip(keys, rows, strict=True):
        ids.setdefault(key, []).append(_first(row, "clip_id", "text", "line", "row"))
    ordered = sorted(Counter(keys).items(), key=lambda item: (-item[1], item[0]))
    return [Group(dataset, modality, *key, count, tuple(ids[key][:examples])) for key, count in ordered]


def read_remarks(path: Path, dataset: str, modality: str, examples: int = 3) -> list[Group]:
    """Rows of a remarks file counted by kind, largest count first; the reason is what the first of them says.

    Raises:
        ValueError: the file has no columns ``kind`` and ``text``.
    """
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
    if not {"clip_id", "kind", "text"} <= set(reader.fieldnames or []):
        raise BadFile(f"{path}: expected columns clip_id, kind and text, found {reader.fieldnames}; run: dvc repro")
    kinds = sorted(Counter(row["kind"] for row in rows).items(), key=lambda item: (-item[1], item[0]))
    of_kind = {kind: [row for row in rows if row["kind"] == kind] for kind, _ in kinds}
    return [
        Group(
            dataset, modality, "", kind, found[0]["text"], len(found), tuple(row["clip_id"] for row in found[:examples])
        )
        for kind, found in of_kind.items()
    ]


def _first(row: dict[str, str], *names: str) -> str:
    return next((row[name] for name in names if row.get(name)), "")


def read_store(path: Path) -> StoreFacts:
    """Counts, recipe and weights digest from ``<dataset>/<modality>.zarr/zarr.json``."""
    root = path / "zarr.json"
    try:
        attributes = json.loads(root.read_text(encoding="utf-8"))["attributes"]
        counts = {str(status): int(count) for status, count in attributes["counts"].items()}
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadFile(
            f"{root}: expected a sealed store with attribute 'counts', found {error!r}; run: dvc repro features"
        ) from error
    recipe, weights = attributes.get("recipe", ""), attributes.get("weights_digest") or ""
    text = (
        recipe
        if isinstance(recipe, str)
        else ", ".join(f"{key} {value}" for key, value in sorted(dict(recipe).items()))
    )
    return StoreFacts(path.parent.name, path.stem, counts, text, str(weights))


def read_training(path: Path) -> Training:
    """Clips and schedule from ``<run>/checkpoint.json``; ValueError names a file that is none."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        clips = about.get("clips", {}).get("used")
        return Training(path.parent.name, None if clips is None else int(clips), dict(about.get("pretrain", {})))
    except (json.JSONDecodeError, AttributeError, TypeError, ValueError) as error:
        raise BadFile(
            f"{path}: expected a checkpoint's description, found {error!r}; run: dvc repro pretrain"
        ) from error
