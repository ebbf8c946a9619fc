"""Write captions.csv of FlickrSound's images with an image-to-text model from a local folder; then scan and index
again."""

import argparse
import csv
import io
from pathlib import Path

import numpy as np

from cmg.files import write_bytes
from cmg.generation.captioner import Captioner, captions
from cmg.generation.pairs import DATASET
from pipeline import generation, paths, progress
from pipeline.device import prepare
from pipeline.params import ParameterError, Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="folder of the model, as `save_pretrained` writes it")
    parser.add_argument("--replace", action="store_true", help="replace a captions.csv that is there")


def run(args: argparse.Namespace, params: Params) -> None:
    target = paths.dataset_root(DATASET, params.dataset(DATASET).source) / "captions.csv"
    if target.exists() and not args.replace:
        raise ParameterError(f"{target} is there already; --replace writes it anew")
    clips = generation.clips(params)
    pictures, valid = generation.pictures()
    rows = np.flatnonzero(valid).tolist()
    captioner = Captioner(args.model, prepare(params))
    with progress.bar(len(rows), "captions") as bar:
        found = captions(captioner, (_moved(bar, pictures[row]) for row in rows), [clips[row].clip_id for row in rows])
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("id", "caption"), *found])
    write_bytes(target, out.getvalue().encode())
    print(
        f"{target}: {len(found)} captions of {len(rows)} images; now: python -m pipeline scan {DATASET}, then dvc repro"
    )


def _moved(bar, picture: np.ndarray) -> np.ndarray:
    bar.update(1)
    return picture
