"""The published protocol: epochs by the target modality, a draw of codes per epoch, means over batches."""

from dataclasses import replace

import numpy as np
import pytest

from cmg.segmentation import heads, published
from cmg.segmentation.metrics import iou, released_f
from cmg.segmentation.queries import CodeQueries
from cmg.tasks.codes import RunCodes
from tests.segmentation.conftest import FAST

FEW = replace(FAST, epochs=2, check_every=1)


def with_draws(world, count):
    """Draws as the codes stage stores them: five seconds in both modalities; every draw of a text is of the class
    after the last one's.
    """
    draws = {}
    for key, codes in world.codes.entries.items():
        five = np.broadcast_to(codes.indices[None], (count, len(codes.valid), 5, 1))
        draws[key] = ((five + np.arange(count)[:, None, None, None] * (key[1] == "text")) % 3).astype(np.int16)
    return RunCodes(world.codes.codebooks, world.codes.entries, draws=draws)


def test_cross_modal_directions_alone_with_batch_means(world):
    found = published.run(with_draws(world, 2), world.clips, world.splits(strict=False), FEW)
    assert [cell.direction for cell in found.cells] == ["at", "ta"]
    for cell in found.cells:
        assert {"right_miou", "right_f", "missing_miou", "wrong_miou", "right_minus_wrong", "epoch"} <= set(cell.side)


def test_scores_are_means_over_batches_of_four(world):
    scenes = world.splits().test
    net, queries = heads.build(FEW, 8).eval(), CodeQueries(world.codes, world.clips, "audio")(scenes.clips)
    logits = np.concatenate([part for _, part in heads.answers(net, scenes, queries, "cpu")])
    truth = scenes.truth(np.arange(18))
    parts = [[array[n : n + 4].reshape(-1, 16, 16) for array in (logits, truth)] for n in range(0, 18, 4)]
    expected = {
        "miou": np.mean([iou(*part).mean() for part in parts]),
        "f": np.mean([released_f(*part) for part in parts]),
    }
    assert published.by_batch(net, scenes, queries, FEW) == pytest.approx(
        {name: 100 * value for name, value in expected.items()}, rel=1e-5
    )


def test_a_draw_per_epoch_and_the_epoch_by_the_other_modality(world, monkeypatch):
    asked = []

    class Watched(CodeQueries):
        def __call__(self, clips):
            asked.append((self.modality, self.draw, clips[0].split))
            return super().__call__(clips)

    monkeypatch.setattr(published, "CodeQueries", Watched)
    published.run(with_draws(world, 2), world.clips, world.splits(strict=False), FEW)
    first = asked[1:5]
    assert first == [("audio", 0, "train"), ("text", 0, "val"), ("audio", 1, "train"), ("text", 1, "val")]


def test_codes_without_draws_say_what_to_do(world):
    with pytest.raises(ValueError, match="evaluate.protocol: published"):
        published.run(world.codes, world.clips, world.splits(), FEW)
