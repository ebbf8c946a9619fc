"""Extract one modality of one dataset into its feature store; interrupted work resumes at the clip, unchanged clips are reused."""

import argparse
import csv
import hashlib
import io

from cmg.datasets.clips import Clip, read_index
from cmg.extract.options import Options, RecipeError
from cmg.extract.run import MODULES, Job, prepare
from cmg.extract.run import run as run_job
from cmg.extract.sentences import unique_sentences
from cmg.store import StoreSpec, StoreWriter
from cmg.store.ids import sentence_id
from pipeline import device, files, paths, progress, receipts
from pipeline.params import ParameterError, Params

FIELDS = {"video": "visual_fingerprint", "audio": "audio_fingerprint"}


class TooManyFailures(RuntimeError):
    """More clips failed than ``features.failure_limit`` allows; nothing is sealed, finished clips are kept."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset")
    parser.add_argument("modality", choices=MODULES)
    parser.add_argument("--retry-failed", action="store_true", help="compute again the clips that failed before")


def run(args: argparse.Namespace, params: Params) -> None:
    dataset, modality = args.dataset, args.modality
    index, store, failures = paths.index(dataset), paths.store(dataset, modality), paths.failures(dataset, modality)
    recipe = getattr(params.active.features, modality)
    used = {"recipe": recipe, **params.features.model_dump()}
    item, code = f"{dataset}-{modality}", [MODULES[modality]]
    with receipts.record("features", item, inputs=[index], outputs=[store, failures], params=used, code=code) as notes:
        options = Options(device=str(device.prepare(params)), workers=params.threads, time_limit=params.features.time_limit)
        clips = read_index(index)
        try:
            job = prepare(modality, recipe, paths.weights_root(), options, clips)
        except RecipeError as error:
            raise ParameterError(f"params.yaml: scales.{params.scale}.features.{modality}: {error}") from error
        spec = _spec(dataset, modality, clips, job)
        with StoreWriter(store, paths.work("features", dataset, modality), spec, retry_failed=args.retry_failed) as writer:
            notes["reused"], notes["computed"] = writer.reused, len(writer.todo)
            with progress.bar(len(writer.todo), f"{modality} features of {dataset}") as bar:
                root = paths.dataset_root(dataset, params.datasets[dataset].source)
                report = run_job(job, clips, root, writer, options, lambda r: progress.updater(bar)(r.done, r.total))
            failed = writer.failures()
            _check(failed, len(spec.ids), params.features.failure_limit, f"{modality} of {dataset}")
            writer.seal()
        files.write_bytes(failures, _table(failed, clips, modality).encode())
        notes |= {"units": report.units, "units_per_second": report.rate, "failed": len(failed), "computing_seconds": report.computing}
        print(f"{store}: {len(spec.ids)} rows, {notes['computed']} computed, {writer.reused} reused, {len(failed)} failed")


def _spec(dataset: str, modality: str, clips: list[Clip], job: Job) -> StoreSpec:
    if modality == "text":
        ids = [sentence_id(sentence) for sentence in unique_sentences(clips)]
        fingerprints = ids
    else:
        ids = [clip.clip_id for clip in clips]
        fingerprints = [_fingerprint(clip, FIELDS[modality]) for clip in clips]
    return StoreSpec(dataset, modality, ids, fingerprints, job.shape, job.dtype, job.recipe, job.weights_digest)


def _fingerprint(clip: Clip, field: str) -> str:
    """What a clip's features depend on besides the recipe: content, excerpt, and whether the index could use it."""
    parts = (getattr(clip, field), clip.start, clip.duration, clip.status)
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]


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
