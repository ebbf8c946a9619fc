"""Pictures from the codes of one run, I→I, A→I and T→I, with and without TOC, and their scores (FCID's Table 4)."""

import argparse
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

from cmg.extract.recipes import Execution
from cmg.extract.run import prepare as prepare_network
from cmg.files import write_bytes, write_json
from cmg.generation import kept
from cmg.generation.looks import make_look
from cmg.generation.mapper import Examples, Mapper, fit
from cmg.generation.pairs import DATASET, Pairs
from cmg.generation.recode import Recoder
from cmg.generation.task import GenerationOptions, Reference, Result, Task
from cmg.tasks.codes import RunCodes
from cmg.tasks.settings import of_task
from cmg.toc import read_toc
from cmg.train import checkpoint
from cmg.train.standardise import Standardiser
from pipeline import generation, paths, progress
from pipeline.device import prepare
from pipeline.orchestration import receipts
from pipeline.params import Params
from pipeline.sweeps import add_run_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_arguments(parser)


def run(args: argparse.Namespace, params: Params) -> None:
    run_name = paths.run_name(args.method, args.seed)
    sources = [paths.codes(run_name), paths.toc(run_name), paths.checkpoint(run_name)]
    inputs = [*sources, paths.GENERATOR, generation.INDEX, generation.PIXELS]
    outputs = [paths.generation_result(run_name), paths.generation_pictures(run_name)]
    evaluate = params.evaluate
    used = {
        **generation.used(params),
        "toc_score": evaluate.toc_score,
        "toc_worst": evaluate.toc_worst,
        "q_fixed": evaluate.q_fixed,
    }
    with receipts.record(
        "generate", run_name, inputs=inputs, outputs=outputs, params=used, code_of=args.method
    ) as notes:
        work = paths.work("generation", run_name, generation.key(used, inputs))
        result, pairs, distance = _generate(args, params, run_name, work)
        about = {
            "method": args.method,
            "seed": args.seed,
            "distance": distance,
            "generator": params.active.generation.generator,
        }
        write_json(outputs[0], {**about, **result.as_dict()})
        write_bytes(outputs[1], _shown(result, pairs))
        notes["pairs"], notes["left_out"] = len(pairs.test), pairs.left_out
        shutil.rmtree(work.parent, ignore_errors=True)


def _generate(args: argparse.Namespace, params: Params, run_name: str, work: Path) -> tuple[Result, Pairs, str]:
    device, scale = prepare(params), params.active.generation
    look = make_look(scale.looks, paths.weights_root(), device)
    generator = kept.open_generator(
        scale.generator, paths.GENERATOR, paths.weights_root(), generation.sampling(params), device
    )
    embeddings, looks, _ = kept.read(paths.GENERATOR)
    codes, rankings = RunCodes.read(paths.codes(run_name)), read_toc(paths.toc(run_name))
    pairs = Pairs.of(codes, generation.clips(params), params.generation.pairs)
    real = Reference(embeddings, looks, generation.pictures()[0])
    ranking = rankings.get(params.evaluate.toc_score)

    def train(examples: Examples, name: str) -> Mapper:
        with progress.bar(scale.steps, f"{run_name}: codes to embeddings ({name})") as bar:
            return fit(
                examples,
                generator,
                generation.schedule(params, args.seed),
                device,
                work / f"{name}.pt",
                work.name,
                progress.updater(bar),
            )

    rows = len(pairs.rows) * (3 if ranking is not None else 2) * len(pairs.test)
    with progress.bar(rows, f"{run_name}: pictures") as bar:
        album = generation.album(generator, work, bar)
        options = GenerationOptions(
            args.seed, of_task(params.evaluate.q_fixed, DATASET), params.evaluate.toc_worst, params.generation.shown
        )
        task = Task(codes, pairs, real, album, look, train, _recoder(params, run_name, device), options)
        return task.run(ranking), pairs, look.name


def _recoder(params: Params, run_name: str, device: torch.device) -> Recoder:
    """From a picture to its code, by the recipe of the video stores."""
    method, about = checkpoint.load(paths.checkpoint(run_name), device)
    recipe = {**params.active.features.video, "seconds": 1}
    job = prepare_network("video", recipe, paths.weights_root(), Execution(device=str(device)))
    standardise = Standardiser.load(paths.checkpoint(run_name), about)
    return Recoder(job.network, job.dtype, method, standardise, params.generation.consistency)


def _shown(result: Result, pairs: Pairs) -> bytes:
    """Pictures of the first pairs, `<direction>` and `<direction>+toc`, uint8 [m, S, S, 3]; `rows` int64 [m], their
    index rows."""
    tensors = {direction + "+toc" * toc: np.ascontiguousarray(made) for (direction, toc), made in result.shown.items()}
    count = min(map(len, tensors.values()))
    return save({**tensors, "rows": pairs.test[:count]})
