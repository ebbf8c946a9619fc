"""What the zeros do that the released retrieval driver fills sounds up with: seconds whose code differs between batch
sizes.

    python -m benchmarks.filled_up dcid-0 codaar-0

One line per run and dataset, from the checkpoints and feature stores at hand: the share of the real seconds of the
sounds that take part in retrieval whose code is another one in batches of `--batch` captions (64, as the driver) than
alone. docs/protocols.md tells it.
"""

import argparse

import numpy as np

from cmg.datasets.clips import read_index
from cmg.store.reader import FeatureStore
from cmg.tasks.retrieval_pairs import filled_up
from cmg.train import checkpoint
from cmg.train.encode import encode_whole
from cmg.train.standardise import Standardiser
from pipeline import params, paths
from pipeline.device import prepare

SOUNDS = ("clotho", "flickrsound")


def changed(run: str, dataset: str, batch: int, given: params.Params) -> str:
    """Share of seconds with another code, and of how many."""
    device = prepare(given)
    method, about = checkpoint.load(paths.checkpoint(run), device)
    standardise = Standardiser.load(paths.checkpoint(run), about)
    store, clips = FeatureStore(paths.store(dataset, "audio")), read_index(paths.index(dataset))
    valid = np.asarray(store.valid)
    lengths = [filled_up(dataset, clips, valid, size) for size in (1, batch)]
    alone, filled = (encode_whole(method, store, "audio", device, standardise, length) for length in lengths)
    steps = alone.indices.shape[1]
    real = np.arange(steps) < alone.valid[:, None]
    other = (alone.indices != filled.indices[:, :steps])[..., 0][real]
    return (
        f"{run} {dataset}: {100 * other.mean():.1f} % of {other.size} seconds of {int((alone.valid > 0).sum())} sounds"
    )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", help="of dcid, micu or codaar, for example dcid-0")
    parser.add_argument("--batch", type=int, default=64, help="captions of a batch (64)")
    args = parser.parse_args(argv)
    given = params.load()
    for run in args.runs:
        for dataset in SOUNDS:
            if dataset in given.datasets:
                print(changed(run, dataset, args.batch, given))


if __name__ == "__main__":
    main()
