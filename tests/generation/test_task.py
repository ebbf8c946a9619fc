"""One run on codes that the test makes: what a perfect, a shuffled and a collapsed code give."""

import numpy as np
import pytest
import torch

from cmg.datasets.clips import Clip
from cmg.generation.album import Album
from cmg.generation.components import fit_components
from cmg.generation.distance import frechet
from cmg.generation.looks import RandomLook
from cmg.generation.mapper import Schedule, fit
from cmg.generation.pairs import Pairs
from cmg.generation.task import MAPPER, MEAN, GenerationOptions, Reference, Task, floors
from cmg.tasks.codes import RunCodes, StoredCodes

CPU = torch.device("cpu")
CLASSES, TRAIN, TEST = 6, 36, 24


def clip(row, split):
    return Clip(row=row, clip_id=str(row), visual="f.jpg", audio="a.wav", split=split, captions=(f"sentence {row}",))


@pytest.fixture(scope="module")
def world():
    """Flat pictures whose colour is their class's, with some noise; the generator, and what it makes of the real
    ones."""
    draw = np.random.default_rng(0)
    kinds = np.arange(TRAIN + TEST) % CLASSES
    colours = np.random.default_rng(1).integers(30, 226, (CLASSES, 3))
    pictures = np.clip(colours[kinds][:, None, None] + draw.normal(0, 12, (len(kinds), 16, 16, 3)), 0, 255).astype(
        np.uint8
    )
    generator = fit_components(pictures[:TRAIN], 16)
    look = RandomLook(CPU)
    return kinds, generator, look, Reference(generator.embed(pictures), look(pictures), pictures)


def run_codes(kinds, audio, usable=None):
    """Codes of class `kinds` for images and captions and `audio` for sounds, out of a codebook of one row a class."""
    book = np.random.default_rng(2).normal(size=(CLASSES + 1, 8)).astype(np.float32)
    valid = np.ones(len(kinds), np.int32) if usable is None else usable.astype(np.int32)
    return RunCodes([book], {("flickrsound", m): StoredCodes(valid, k[:, None, None].astype(np.int32)) for m, k in
                             (("video", kinds), ("audio", audio), ("text", kinds))})  # fmt: skip


def clips():
    return [clip(row, "train" if row < TRAIN else "test") for row in range(TRAIN + TEST)]


def made(world, codes, ranking=None, recode=lambda pictures: np.zeros((0, 8))):
    kinds, generator, look, real = world
    pairs = Pairs.of(codes, clips(), 500)
    train = lambda examples, name: fit(examples, generator, Schedule(400, 32, 3e-3, 64), CPU)  # noqa: E731
    options = GenerationOptions(seed=0, share=0.5, worst=0.0, shown=4)
    return Task(codes, pairs, real, Album(generator), look, train, recode, options).run(ranking)


def test_the_same_code_gives_the_same_picture_bit_for_bit(world):
    kinds = world[0]
    result = made(world, run_codes(kinds, kinds))
    assert (result.shown["ai", False] == result.shown["ii", False]).all() and (
        result.shown["ti", False] == result.shown["ii", False]
    ).all()
    mapped = [row for row in result.rows if row.by == MAPPER]
    assert [row.direction for row in mapped] == ["ii", "ai", "ti"] and all(
        row.counts["identical"] == TEST for row in mapped
    )
    assert mapped[0].scores == mapped[1].scores == mapped[2].scores


def test_wrong_codes_are_seen_in_paired_numbers_and_hardly_in_the_distance(world):
    kinds = world[0]
    rows = {row.direction: row for row in made(world, run_codes(kinds, np.roll(kinds, 1))).rows if row.by == MAPPER}
    right, wrong = rows["ii"].scores, rows["ai"].scores
    assert right["cosine"] > wrong["cosine"] and right["r1"] > 2 * wrong["r1"]
    assert right["r1"] > right["shuffled_r1"]
    assert wrong["fd"] == pytest.approx(right["fd"], rel=0.2, abs=right["fd_bootstrap"])
    assert rows["ai"].counts["identical"] == 0


def test_toc_halves_the_input_and_the_mean_row_trains_nothing(world):
    kinds = world[0]
    result = made(world, run_codes(kinds, kinds), ranking=np.arange(8))
    assert {(row.toc, row.by, row.q) for row in result.rows} == {
        (False, MAPPER, 8),
        (False, MEAN, 8),
        (True, MAPPER, 4),
    }
    mean, mapped = (next(r for r in result.rows if r.by == by and r.direction == "ii") for by in (MEAN, MAPPER))
    assert mean.scores["cosine"] == pytest.approx(mapped.scores["cosine"], abs=0.05)


def test_codes_that_no_training_image_has_are_counted(world):
    kinds = world[0]
    result = made(world, run_codes(kinds, np.where(np.arange(len(kinds)) == TRAIN, CLASSES, kinds)))
    assert [row.counts["unseen"] for row in result.rows if row.by == MAPPER] == [0, 1, 0]


def test_consistency_is_the_share_of_pictures_with_their_own_code(world):
    kinds = world[0]
    codes = run_codes(kinds, kinds)
    again = Pairs.of(codes, clips(), 500).vectors(codes, "i", None)[:8].copy()
    again[:2] += 1
    result = made(world, codes, recode=lambda pictures: again)
    assert all(row.scores["consistency"] == 75 for row in result.rows if row.by == MAPPER)


def test_pairs_without_a_code_are_left_out_and_counted(world):
    kinds = world[0]
    usable = np.ones(len(kinds), bool)
    usable[[0, TRAIN, TRAIN + 1]] = False
    pairs = Pairs.of(run_codes(kinds, kinds, usable), clips(), 500)
    assert len(pairs.train) == TRAIN - 1 and len(pairs.test) == TEST - 2 and pairs.left_out == 2
    with pytest.raises(ValueError, match="0 train images and 0 test pairs|none|0 test pairs"):
        Pairs.of(run_codes(kinds, kinds, np.zeros(len(kinds), bool)), clips(), 500)


def test_floors_bound_what_a_code_can_do(world):
    kinds, generator, look, real = world
    train, test = np.arange(TRAIN), np.arange(TRAIN, TRAIN + TEST)
    found = floors(real, train, (test, [str(row) for row in test], []), Album(generator), look, 0)
    darker = look(real.pictures[test] // 4)
    assert found["other real pictures"]["fd"] < frechet(darker, real.looks[test])
    assert found["own embedding"]["r1"] > found["own embedding"]["shuffled_r1"]


def test_an_album_makes_each_picture_once_and_goes_on_where_it_was(world, tmp_path):
    generator, real = world[1], world[3]
    count = []
    first = Album(generator, tmp_path, lambda: count.append(1)).get(real.embeddings[[0, 1, 0]], [1, 1, 1])
    assert len(count) == 3 and len(list(tmp_path.glob("*.png"))) == 2
    damaged = sorted(tmp_path.glob("*.png"))[0]
    damaged.write_bytes(damaged.read_bytes()[:40])
    again = Album(generator, tmp_path).get(real.embeddings[[0, 1, 0]], [1, 1, 1])
    assert (first == again).all()
