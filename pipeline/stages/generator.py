"""The frozen generator of pictures: made from the corpus' own (sample) or found below $CMG_WEIGHTS (Stable Diffusion
with an IP-Adapter), and what it makes of the real pictures: their embeddings, the features that distances are taken on,
and what distances mean.
"""

import argparse
import shutil

import numpy as np
import torch

from cmg.generation import kept
from cmg.generation.components import fit_components
from cmg.generation.generator import Generator
from cmg.generation.looks import Look, make_look
from cmg.generation.pairs import classes_of
from cmg.generation.task import Reference, floors
from pipeline import generation, paths, progress
from pipeline.device import prepare
from pipeline.orchestration import receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Reads the pixels of flickrsound; writes data/generation/generator/."


def run(args: argparse.Namespace, params: Params) -> None:
    clips = generation.clips(params)
    inputs, used = [generation.INDEX, generation.PIXELS], generation.used(params)
    with receipts.record("generator", "flickrsound", inputs=inputs, outputs=[paths.GENERATOR], params=used):
        device, scale = prepare(params), params.active.generation
        # a missing file is known before anything is trained
        look = make_look(scale.looks, paths.weights_root(), device)
        pictures, valid = generation.pictures()
        split = np.array([clip.split for clip in clips])
        train, test = (
            np.flatnonzero(valid & (split == "train")),
            np.flatnonzero(valid & (split == "test"))[: params.generation.pairs],
        )
        generator = _generator(params, pictures[train], device)
        real = _reference(generator, look, pictures, valid)
        classes = classes_of(clips, test)
        pairs = test, [clips[row].clip_id for row in test], classes
        work = paths.work("generation", "generator", generation.key(used, inputs))
        with progress.bar(len(test), "pictures from their own embeddings") as bar:
            found = floors(real, train, pairs, generation.album(generator, work, bar), look, params.seeds[0])
        kept.write(paths.GENERATOR, generator, real.embeddings, real.looks, found, look.name)
        shutil.rmtree(work.parent, ignore_errors=True)


def _generator(params: Params, pictures: np.ndarray, device: torch.device) -> Generator:
    scale = params.active.generation
    if scale.generator == "sample":
        return fit_components(pictures, scale.size)
    return kept.open_generator(
        scale.generator, paths.GENERATOR, paths.weights_root(), generation.sampling(params), device
    )


def _reference(generator: Generator, look: Look, pictures: np.ndarray, valid: np.ndarray) -> Reference:
    rows = np.flatnonzero(valid)
    embeddings = np.concatenate(
        [generator.embed(pictures[[row]]) for row in progress.over(rows, "embeddings of pictures")]
    )
    looks = look(pictures[rows])
    return Reference(_by_row(embeddings, rows, len(valid)), _by_row(looks, rows, len(valid)), pictures)


def _by_row(values: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """[n, …] float32 of `rows` -> [count, …], zero elsewhere."""
    whole = np.zeros((count, *values.shape[1:]), np.float32)
    whole[rows] = values
    return whole
