"""Make the feature store of one modality of one dataset: extract it, or import released features (``source:
released``).

Interrupted work resumes at the clip, unchanged clips are reused while the code that computes them is the same.
``--shard i/n`` computes one part of n and seals nothing; parts run in any order, at once or on several machines; the
same command without it computes what is left, gathers and seals.
"""

import argparse
import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cmg.datasets.clips import Clip, read_index
from cmg.extract.recipes import Execution, RecipeError
from cmg.extract.run import MODULES, prepare, recipe_of, rows_of, seconds_of
from cmg.extract.run import run as run_job
from cmg.files import write_bytes
from cmg.released.importers import import_rows, released_spec
from cmg.released.indexed import ReleasedFiles
from cmg.store import StoreSpec
from cmg.store.reader import Failure
from cmg.store.writer import Remarked, StoreWriter
from pipeline import device, disk, paths, progress, remarks
from pipeline.orchestration import code, receipts
from pipeline.params import Dataset, FeatureLimits, ParameterError, Params

# What computes the values of a row: rows of earlier code are taken over while this means the same.
EXTRACTING = ("cmg.extract.run:prepare", "cmg.extract.run:run")
IMPORTING = ("cmg.released.indexed:ReleasedFiles", "cmg.released.importers:import_rows")


class TooManyFailures(RuntimeError):
    """More clips failed than ``features.failure_limit`` allows; nothing is sealed, finished clips are kept."""


@dataclass(frozen=True)
class Work:
    """What the store will hold, and how its open rows are filled.

    ``fill(writer, moved)`` calls ``moved(done, total, failed=number)`` as it goes and returns notes for the log.
    """

    spec: StoreSpec
    fill: Callable[[StoreWriter, Callable[..., None]], dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset")
    parser.add_argument("modality", choices=MODULES)
    parser.add_argument("--retry-failed", action="store_true", help="compute again the clips that failed before")
    parser.add_argument(
        "--shard", type=shard, metavar="i/n", help="compute only part i of n; the plain command gathers and seals"
    )


def shard(text: str) -> tuple[int, int]:
    """``i/n`` with i from 1 to n."""
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"expected i/n with i from 1 to n, found {text!r}")
    return int(match[1]), int(match[2])


def run(args: argparse.Namespace, params: Params) -> None:
    settings, index = params.dataset(args.dataset), paths.index(args.dataset)
    disk.present(index)
    clips = read_index(index)
    if args.modality == "text" and not any(clip.captions for clip in clips):
        message = f"{args.dataset} has no sentences: give it captions (docs/datasets.md), or take it out of this list"
        raise ParameterError(f"params.yaml: stores.text: {message}")
    where, values = params.recipe(args.dataset, args.modality)
    try:
        recipe = _recipe(values, args.modality, clips, settings)
        (_part if args.shard else _whole)(args, params, clips, recipe)
    except RecipeError as error:
        raise ParameterError(f"params.yaml: {where}: {error}") from error


def _whole(args: argparse.Namespace, params: Params, clips: list[Clip], recipe: dict[str, Any]) -> None:
    """The sealed store, its failures and remarks, and the receipt, which remarks are no part of: they change no
    feature."""
    dataset, modality = args.dataset, args.modality
    index, store, failures = paths.index(dataset), paths.store(dataset, modality), paths.failures(dataset, modality)
    used = {"recipe": recipe, "source": params.dataset(dataset).source, **params.features.model_dump()}
    read_and_made = {"inputs": [index], "outputs": [store, failures], "unrecorded": [paths.remarks(dataset, modality)]}
    with receipts.record("features", f"{dataset}-{modality}", **read_and_made, params=used, code_of=modality) as notes:
        work = _work(args, params, clips, recipe)
        if modality != "text":
            unusable = [clip for clip in clips if clip.status != "ok"]
            _check(unusable, len(clips), params.features, f"{modality} of {dataset}, by its index and before decoding")
        with _writer(args, work) as writer:
            notes["reused"], notes["computed"] = writer.reused, len(writer.todo)
            notes |= _fill(work, writer, f"{modality} features of {dataset}")
            failed = writer.failures()
            try:
                _check(failed, len(work.spec.ids), params.features, f"{modality} of {dataset}")
            except TooManyFailures:
                writer.forget_failures()
                raise
            writer.seal()
        made = writer.remarks()
        write_bytes(failures, _table(failed, ("status", "reason"), clips, modality))
        write_bytes(paths.remarks(dataset, modality), _table(made, ("kind", "text"), clips, modality))
        notes["failed"], notes["remarks"] = len(failed), dict(Counter(remark.kind for remark in made))
        done = f"{len(work.spec.ids)} rows, {notes['computed']} computed, {writer.reused} reused, {len(failed)} failed"
        print(f"{store}: {done}" + (f"; remarks: {remarks.in_words(remark.kind for remark in made)}" if made else ""))


def _part(args: argparse.Namespace, params: Params, clips: list[Clip], recipe: dict[str, Any]) -> None:
    """Rows of one part into the work folder; no output, no receipt."""
    work = _work(args, params, clips, recipe)
    with _writer(args, work) as writer:
        todo, name = len(writer.todo), "part {}/{}".format(*args.shard)
        _fill(work, writer, f"{args.modality} features of {args.dataset}, {name}")
        print(
            f"{args.dataset} {args.modality}, {name}: "
            f"{todo} rows computed, {len(writer.failures())} failed in this part"
        )


def _work(args: argparse.Namespace, params: Params, clips: list[Clip], recipe: dict[str, Any]) -> Work:
    source = params.dataset(args.dataset).source
    make = _import if source == "released" and args.modality in ("audio", "video") else _extraction
    return make(args, params, clips, recipe)


def _extraction(args: argparse.Namespace, params: Params, clips: list[Clip], recipe: dict[str, Any]) -> Work:
    limits: dict[str, Any] = {"time_limit": params.features.time_limit, "memory_limit": params.features.memory_bytes}
    chosen = device.prepare(params, gpu=args.modality == "video")
    execution = Execution(device=str(chosen), workers=device.decoders(params, chosen), **limits)
    job = prepare(args.modality, recipe, paths.weights_root(), execution, clips)
    rows, root = rows_of(args.modality, clips), paths.dataset_root(args.dataset, params.dataset(args.dataset).source)
    layout: dict[str, Any] = {
        "clips_per_shard": params.features.clips_per_shard,
        "code": _code(EXTRACTING, args.modality),
    }
    names = (paths.plain(args.dataset), args.modality, rows.ids, rows.fingerprints)

    def fill(writer: StoreWriter, moved: Callable[..., None]) -> dict[str, Any]:
        report = run_job(
            job,
            clips,
            root,
            writer,
            execution,
            lambda found: moved(found.done, found.total, failed=found.failures.total()),
        )
        return {"units": report.units, "units_per_second": report.rate, "computing_seconds": report.computing}

    return Work(StoreSpec(*names, job.shape, job.dtype, job.recipe, job.weights_digest, **layout), fill)


def _import(args: argparse.Namespace, params: Params, clips: list[Clip], recipe: dict[str, Any]) -> Work:
    source = ReleasedFiles(paths.dataset_root(args.dataset, "released"), clips, args.modality)
    settings = recipe_of(args.modality, recipe)
    ids = [clip.clip_id for clip in clips]
    layout: dict[str, Any] = {
        "clips_per_shard": params.features.clips_per_shard,
        "code": _code(IMPORTING, args.modality),
    }
    spec = released_spec(
        source,
        dataset=paths.plain(args.dataset),
        modality=args.modality,
        ids=ids,
        shape=settings.shape,
        dtype=settings.dtype,
        **layout,
    )

    def fill(writer: StoreWriter, moved: Callable[..., None]) -> dict[str, Any]:
        import_rows(writer, source, lambda done, total, failed: moved(done, total, failed=failed))
        return {"units": len(ids)}

    return Work(spec, fill)


def _code(computing: Sequence[str], modality: str) -> str:
    return hashlib.sha256(json.dumps(code.digests(computing, modality), sort_keys=True).encode()).hexdigest()


def _writer(args: argparse.Namespace, work: Work) -> StoreWriter:
    store, folder = paths.store(args.dataset, args.modality), paths.work("features", args.dataset, args.modality)
    return StoreWriter(store, folder, work.spec, args.shard, args.retry_failed)


def _fill(work: Work, writer: StoreWriter, what: str) -> dict[str, Any]:
    with progress.bar(len(writer.todo), what) as bar:
        return work.fill(writer, progress.updater(bar))


def _recipe(values: dict[str, Any], modality: str, clips: list[Clip], settings: Dataset) -> dict[str, Any]:
    """The recipe with the dataset's words, or the seconds that its clips need, so that a store of images has one second
    and not ten."""
    asked = recipe_of(modality, values)
    if modality == "text":
        return values if settings.words is None else {**values, "words": settings.words}
    return {**values, "seconds": seconds_of(modality, clips, settings.seconds or asked.seconds)}


def _check(failed: Sequence[Failure | Clip], rows: int, limits: FeatureLimits, what: str) -> None:
    if limits.allow(len(failed), rows):
        return
    shown = "\n".join(f"  row {f.row} {f.clip_id!r}: {f.status}: {f.reason}" for f in failed[:5])
    raise TooManyFailures(
        f"{what}: {len(failed)} of {rows} rows failed, more than features.failure_limit {limits.failure_limit:.0%}:\n"
        f"{shown}\nRepair the files, scan and repeat (or raise the limit); what has features is kept."
    )


def _table(found: Sequence[Failure | Remarked], columns: tuple[str, str], clips: list[Clip], modality: str) -> bytes:
    """Csv of failures or remarks: row, clip, its split, and these attributes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["row", "clip_id", "split", *columns])
    for item in found:
        split = "" if modality == "text" else clips[item.row].split
        writer.writerow([item.row, item.clip_id, split, *(getattr(item, column) for column in columns)])
    return out.getvalue().encode()
