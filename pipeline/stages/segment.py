"""Heads that segment what one run's codes ask for (AVSBench-S4), asked with right, missing and wrong queries.

Instead of a method: `no_query`, a head that is asked nothing, and `class_query`, one that is told the class, which no
code can beat; both always under `strict`.
"""

import argparse
from functools import partial
from pathlib import Path

from cmg.datasets.clips import read_index
from cmg.datasets.exclusions import read_exclusions
from cmg.extract.weights import load_state, resolve
from cmg.files import file_digest
from cmg.methods import METHODS
from cmg.results import Run, write_run
from cmg.segmentation import published, task
from cmg.segmentation.heads import SMALL, HeadOptions
from cmg.segmentation.pictures import write_pictures
from cmg.segmentation.queries import REFERENCES, code_queries, reference_query
from cmg.segmentation.scenes import split
from cmg.segmentation.task import Result
from cmg.store.reader import FeatureStore
from cmg.tasks.codes import RunCodes
from cmg.tasks.parts import source_of
from cmg.tasks.recipes import SEGMENTING
from pipeline import paths
from pipeline.device import prepare
from pipeline.orchestration import receipts
from pipeline.params import Params

STORES = [paths.store(paths.S4, kind) for kind in ("pixels", "masks")]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=[*METHODS, *REFERENCES])
    parser.add_argument("seed", type=int)


def run(args: argparse.Namespace, params: Params) -> None:
    name = f"{paths.SEGMENTATION}/{paths.run_name(args.method, args.seed)}"
    reference = args.method in REFERENCES
    inputs = [
        *STORES,
        paths.index(paths.S4),
        *map(paths.index, params.pretrain_on),
        paths.EXCLUSIONS,
        *([] if reference else [paths.codes(name)]),
    ]
    target, drawn, protocol = (
        paths.run_result(name),
        paths.pictures(name),
        "strict" if reference else params.evaluate.protocol,
    )
    used = {**params.active.segmentation.model_dump(), "protocol": protocol, "splits": params.active.pretrain.splits}
    weights = _weights_file(params)
    used |= {"weights_digest": file_digest(weights)} if weights else {}
    with receipts.record("segment", name, inputs=inputs, outputs=[target, drawn], params=used):
        found = _segment(
            args.method, args.seed, None if reference else RunCodes.read(paths.codes(name)), protocol, params
        )
        variant = "" if reference else params.sections[args.method].get("variant", "paper")
        write_run(target, Run(args.method, variant, args.seed, protocol, tuple(found.cells)))
        write_pictures(drawn, found.pictures)


def _segment(method: str, seed: int, codes: RunCodes | None, protocol: str, params: Params) -> Result:
    settings = params.active.segmentation
    options = HeadOptions(**settings.model_dump(exclude={"weights"}), seed=seed, device=str(prepare(params)))
    clips, file = read_index(paths.index(paths.S4)), _weights_file(params)
    weights = load_state(file) if file else None
    pixels, masks = map(FeatureStore, STORES)
    parts = partial(split, clips, pixels, masks, pretrained=_pretrained(params), strict=protocol == "strict")
    if codes is None:
        return task.run({method: reference_query(method, clips)}, parts(), options, weights)
    queries = code_queries(codes, clips)
    splits = parts(lambda clip: all(query.usable(clip) for query in queries.values()))
    if protocol == "strict":
        return task.run(queries, splits, options, weights)
    if method in SEGMENTING:
        return published.run(codes, clips, splits, options, weights)
    print(f"{method}: no released script segments with it, so under `published` there is nothing to run")
    return Result()


def _weights_file(params: Params) -> Path | None:
    """The backbone's official weights; None where it has none or they are drawn."""
    settings = params.active.segmentation
    drawn = settings.backbone == SMALL or settings.weights == "random"
    return None if drawn else resolve(settings.backbone, paths.weights_root())


def _pretrained(params: Params) -> set[str]:
    """Videos of the clips that methods were pretrained on."""
    left_out = {(item.corpus, item.row) for item in read_exclusions(paths.EXCLUSIONS)}
    found = ((name, clip) for name in params.pretrain_on for clip in read_index(paths.index(name)))
    kept = [
        (name, clip)
        for name, clip in found
        if clip.split in params.active.pretrain.splits and (name, clip.row) not in left_out
    ]
    return {source_of(clip, name) for name, clip in kept}
