"""Rebuild held-out pictures from part of the code dimensions of a trained VQ-VAE: TOC's choice by every score, and
random ones."""

import argparse
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from cmg.datasets.clips import read_index
from cmg.files import write_bytes, write_json
from cmg.methods.vqvae.model import VQVAE
from cmg.quantizers.codebook import perplexity
from cmg.store.reader import FeatureStore
from cmg.tasks.reconstruction import Encoded, Reading, examples, masked_errors, psnr, worse
from cmg.toc import Score, toc_scores
from cmg.train import checkpoint
from cmg.train.origin import check_origin
from cmg.train.pictures import StoredPictures, usable
from pipeline import paths
from pipeline.device import prepare
from pipeline.orchestration import receipts
from pipeline.params import Params

SCORES: tuple[Score, ...] = ("full", "similarity", "variance")
SHOWN = 12  # pictures of Figure 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("seed", type=int)


def run(args: argparse.Namespace, params: Params) -> None:
    dataset = params.pictures
    run_name = paths.run_name(dataset, args.seed)
    inputs = [paths.vqvae(run_name), paths.store(dataset, "pixels"), paths.index(dataset)]
    result, pictures = paths.reconstruction(run_name), paths.rebuilt(run_name)
    chosen = params.reconstruction.model_dump(include={"readings", "fill", "masks"})
    used = {
        "seed": args.seed,
        **chosen,
        "toc": params.toc.model_dump(),
        "batch_size": params.active.reconstruction.batch_size,
    }
    with receipts.record("reconstruct", run_name, inputs=inputs, outputs=[result, pictures], params=used):
        encoded, about = _encode(inputs, params)
        readings = {reading: _masked(encoded, reading, args.seed, params) for reading in params.reconstruction.readings}
        about |= {
            "fill": params.reconstruction.fill,
            "masks": params.reconstruction.masks,
            "shown": min(SHOWN, about["held_out"]),
        }
        found = {reading: scores for reading, (scores, _) in readings.items()}
        write_json(result, {"dataset": dataset, "seed": args.seed, **about, "readings": found})
        write_bytes(pictures, save({reading: shown for reading, (_, shown) in readings.items()}))


@torch.inference_mode()
def _encode(inputs: list, params: Params) -> tuple[Encoded, dict[str, Any]]:
    """The held-out pictures through the trained model, and what the table says of both."""
    folder, device = inputs[0], prepare(params)
    store, batch = FeatureStore(inputs[1]), params.active.reconstruction.batch_size
    model, trained = checkpoint.load_as(VQVAE, folder, device)
    check_origin(trained["features"], store, "pixels")
    data = StoredPictures(store, usable(store, read_index(inputs[2]), "test"), device)
    batches = [batch.pixels for batch in data.in_order(batch)]
    indices = torch.cat([model.indices(pixels) for pixels in batches])
    encoded = Encoded(torch.cat(batches), indices, model.quantizer.embedding, model.decode, batch)
    counts = torch.bincount(indices.flatten(), minlength=len(encoded.codebook))
    mse = encoded.error(encoded.codebook)
    about = {"mse": mse, "psnr": psnr(mse), "variance": data.variance(), "codes_used": int((counts > 0).sum())}
    sizes = {"codes": len(encoded.codebook), "dims": encoded.codebook.shape[1], "size": store.shape[1]}
    return encoded, {
        **sizes,
        "trained": trained["pictures"],
        "held_out": len(data),
        **about,
        "perplexity": perplexity(counts).item(),
    }


def _masked(encoded: Encoded, reading: Reading, seed: int, params: Params) -> tuple[list[dict[str, Any]], Any]:
    """Errors per share in one reading, and example pictures."""
    c, read = params.reconstruction, encoded.as_read(reading)
    codebook, options = read.codebook.cpu().numpy(), params.toc.model_dump()
    rankings: dict[str, np.ndarray] = {score: toc_scores(codebook, score=score, **options).ranking for score in SCORES}
    shares = masked_errors(read, rankings, c.masks, c.fill, seed)
    for share in shares:
        share["worse"] = {score: worse(share["random"], error) for score, error in share["toc"].items()}
    return shares, examples(read, rankings["full"], c.fill, seed, SHOWN)
