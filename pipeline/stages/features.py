"""Extract one modality of one dataset into its feature store; interrupted work resumes at the clip, unchanged clips are reused."""

import argparse
import csv
import io
from typing import Any

from cmg.datasets.clips import Clip, read_index
from cmg.extract.options import Options, RecipeError
from cmg.extract.run import MODULES, Job, prepare, rows_of, seconds_of
from cmg.extract.run import run as run_job
from cmg.store import StoreSpec, StoreWriter
from pipeline import device, files, paths, progress, receipts
from pipeline.params import ParameterError, Params

SECONDS = 10  # of a clip, where neither the recipe nor the dataset says


class TooManyFailures(RuntimeError):
    """More clips failed than ``features.failure_limit`` allows; nothing is sealed, finished clips are kept."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset")
    parser.add_argument("modality", choices=MODULES)
    parser.add_argument("--retry-failed", action="store_true", help="compute again the clips that failed before")


def run(args: argparse.Namespace, params: Params) -> None:
    dataset, modality = args.dataset, args.modality
    settings = params.dataset(dataset)
    index, store, failures = paths.index(dataset), paths.store(dataset, modality), paths.failures(dataset, modality)
    clips = read_index(index)
    recipe = _recipe(getattr(params.active.features, modality), modality, clips, settings.seconds)
    used = {"recipe": recipe, "source": settings.source, **params.features.model_dump()}
    item, code = f"{dataset}-{modality}", [MODULES[modality]]
    with receipts.record("features", item, inputs=[index], outputs=[store, failures], params=used, code=code) as notes:
        options = Options(device=str(device.prepare(params)), workers=params.threads, time_limit=params.features.time_limit)
        try:
            job = prepare(modality, recipe, paths.weights_root(), options, clips)
        except RecipeError as error:
            raise ParameterError(f"params.yaml: scales.{params.scale}.features.{modality}: {error}") from error
        spec = _spec(dataset, modality, clips, job)
        with StoreWriter(store, paths.work("features", dataset, modality), spec, retry_failed=args.retry_failed) as writer:
            notes["reused"], notes["computed"] = writer.reused, len(writer.todo)
            with progress.bar(len(writer.todo), f"{modality} features of {dataset}") as bar:
                root = paths.dataset_root(dataset, settings.source)
                report = run_job(job, clips, root, writer, options, lambda r: progress.updater(bar)(r.done, r.total))
            failed = writer.failures()
            _check(failed, len(spec.ids), params.features.failure_limit, f"{modality} of {dataset}")
            writer.seal()
        files.write_bytes(failures, _table(failed, clips, modality).encode())
        notes |= {"units": report.units, "units_per_second": report.rate, "failed": len(failed), "computing_seconds": report.computing}
        print(f"{store}: {len(spec.ids)} rows, {notes['computed']} computed, {writer.reused} reused, {len(failed)} failed")


def _recipe(values: dict[str, Any], modality: str, clips: list[Clip], most: int | None) -> dict[str, Any]:
    """The recipe with the seconds that this dataset's clips need, so that a store of images has one second and not ten."""
    if modality == "text":
        return values
    return {**values, "seconds": seconds_of(modality, clips, most or values.get("seconds", SECONDS))}


def _spec(dataset: str, modality: str, clips: list[Clip], job: Job) -> StoreSpec:
    rows = rows_of(modality, clips)
    return StoreSpec(dataset, modality, rows.ids, rows.fingerprints, job.shape, job.dtype, job.recipe, job.weights_digest)


def _check(failed: list, rows: int, limit: float, what: str) -> None:
    if len(failed) <= limit * rows:
        return
    shown = "\n".join(f"  row {f.row} {f.clip_id!r}: {f.status}: {f.reason}" for f in failed[:5])
    raise TooManyFailures(
        f"{what}: {len(failed)} of {rows} rows failed, more than features.failure_limit {limit:.0%}:\n{shown}\n"
        "Repair the files, scan and repeat (or raise the limit); failed rows alone are computed again with --retry-failed."
    )


def _table(failed: list, clips: list[Clip], modality: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["row", "clip_id", "split", "status", "reason"])
    for f in failed:
        writer.writerow([f.row, f.clip_id, "" if modality == "text" else clips[f.row].split, f.status, f.reason])
    return out.getvalue()
