"""The published protocol on drawn codes: it fits on what it tests, where the released scripts do, and needs their
draws."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cmg.datasets.labels import SHARED_AVVP
from cmg.datasets.listing import scan
from cmg.datasets.names import AVVP_CLASSES
from cmg.datasets.readers import index_dataset
from cmg.tasks import recipes
from cmg.tasks.codes import RunCodes, StoredCodes
from cmg.tasks.evaluate import evaluate_run
from cmg.tasks.settings import EvaluateOptions

ANNOTATIONS = Path(os.environ.get("CMG_SHARED", Path(__file__).parents[2] / "../shared")) / "annotations"
OPTIONS = EvaluateOptions(protocol="published")
QUICK = {name: replace(recipe, epochs=8, learning_rate=0.03) for name, recipe in recipes.FCID.items()}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setitem(recipes.SCRIPTS, "fcid", QUICK)
    monkeypatch.setitem(
        recipes.SCRIPTS, "codaar", {name: replace(recipe, epochs=8) for name, recipe in recipes.CODAAR.items()}
    )


@pytest.fixture
def drawn(world):
    """The world's codes, with eight draws in each of which a tenth of the codes differ."""
    rng = np.random.default_rng(2)
    draws = {}
    for key, held in world.codes.entries.items():
        noise = rng.integers(0, 28, (8, *held.indices.shape))
        draws[key] = np.where(rng.random((8, *held.indices.shape)) < 0.1, noise, held.indices).astype(np.int16)
    return RunCodes(world.codes.codebooks, world.codes.entries, draws=draws)


@pytest.mark.parametrize("scripts", ["fcid", "codaar"])
def test_cells_say_that_test_clips_were_fitted(world, drawn, quick, scripts):
    cells = evaluate_run(drawn, world.indices, None, replace(OPTIONS, scripts=scripts))
    keys = [(cell.task, cell.direction) for cell in cells if not cell.toc]
    assert keys == [
        *(("ave", direction) for direction in ("va", "av", "vv", "aa")),
        *((task, direction) for task in ("avvp", "ave_avvp", "ucf_vgg") for direction in ("va", "av")),
    ]
    found = {(cell.task, cell.direction, cell.toc): cell for cell in cells}
    ave, avvp = found["ave", "va", False], found["avvp", "va", False]
    assert (ave.n_fit, ave.n_test, ave.side["n_test_fitted"], ave.classes) == (56, 56, 56, 28)
    assert (avvp.n_fit, avvp.n_test, avvp.side["n_test_fitted"], avvp.classes) == (56, 56, 56, 26)
    assert found["ucf_vgg", "va", False].n_fit == 84 and found["ucf_vgg", "va", False].n_test == 112  # every split
    assert found["ave_avvp", "va", False].n_fit == 84 and found["ave_avvp", "va", False].classes == 13
    assert found["ave", "va", True].q == 24 and found["ave_avvp", "va", True].q == 12
    for cell in cells:
        assert 0 <= cell.score <= 100 and cell.chance > 0 and cell.side["epoch"] in range(1, 9)
    assert found["ave", "va", False].metric == {"fcid": "accuracy", "codaar": "macro_precision"}[scripts]
    if scripts == "codaar":
        assert ave.side["picked_by"] == "last epoch" and ave.side["epoch"] == 8 and avvp.metric == "precision"
        assert (
            avvp.score == avvp.side["precision"]
            and 0 <= avvp.side["f1"] <= 100
            and avvp.side["picked_by"] == "test score"
        )
    else:
        assert ave.score > 90 and found["ucf_vgg", "av", False].score > 90


def test_draws_are_what_heads_are_fitted_on(world, drawn, quick):
    """With draws of noise the head learns nothing that its test codes, encoded without dropout, would show."""
    rng = np.random.default_rng(3)
    noise = {key: rng.integers(0, 28, indices.shape).astype(np.int16) for key, indices in drawn.draws.items()}
    codes = RunCodes(drawn.codebooks, drawn.entries, draws=noise)
    found = {c.direction: c for c in evaluate_run(codes, world.indices, None, OPTIONS, tasks=("ucf_vgg",)) if not c.toc}
    assert found["va"].score < 60


def test_without_enough_draws_the_error_says_what_to_set(world, drawn):
    with pytest.raises(ValueError, match=r"ave.video has 0 draws.*evaluate.protocol: published.*dvc repro"):
        evaluate_run(world.codes, world.indices, None, OPTIONS)
    with pytest.raises(ValueError, match="has 8 draws with encoder dropout, draw 9 is needed"):
        evaluate_run(drawn, world.indices, None, OPTIONS, tasks=("ucf_vgg",))


def test_a_method_without_a_codebook_has_no_released_script(world):
    codes = RunCodes(
        [],
        {
            key: StoredCodes(held.valid, vectors=world.codes.embed(*key, np.arange(len(held.valid))))
            for key, held in world.codes.entries.items()
        },
    )
    with pytest.raises(ValueError, match="no codebook; the released scripts of ave look codes up"):
        evaluate_run(codes, world.indices, None, OPTIONS)


def test_draws_come_back_from_the_file(drawn, tmp_path):
    drawn.write(tmp_path / "codes.safetensors")
    back = RunCodes.read(tmp_path / "codes.safetensors")
    assert set(back.draws) == set(drawn.draws) and set(back.entries) == set(drawn.entries)
    rows, dims = np.array([4, 1]), np.array([3, 0])
    np.testing.assert_array_equal(
        back.embed_draw("ave", "audio", rows, 2, dims), drawn.embed_draw("ave", "audio", rows, 2)[..., dims]
    )
    with pytest.raises(ValueError, match=r"ave.audio.draws runs from"):
        RunCodes(drawn.codebooks, {}, draws={("ave", "audio"): np.full((1, 2, 10, 1), 99, np.int16)})


@pytest.mark.skipif(not ANNOTATIONS.exists(), reason="official annotation files are absent (set CMG_SHARED)")
def test_the_clips_are_those_of_the_released_lists():
    """The few listed clips that we lack stand in no official split, or have no event with an extent."""
    clips = index_dataset("avvp", ANNOTATIONS / "avvp", scan(ANNOTATIONS / "avvp")).clips
    dense = [clip for clip in clips if clip.split in ("val", "test")]
    counts = []
    for modality in ("audio", "visual"):
        for name, classes in (("avvp/AVVP", AVVP_CLASSES), ("ave_avvp/AVE_AVVP", SHARED_AVVP)):
            lines = (ANNOTATIONS / f"{name}_eval_{modality}_checked_combined.csv").read_text().splitlines()[1:]
            listed = {line.split("\t")[0] for line in lines}
            ours = {
                clip.clip_id
                for clip in dense
                if any(e.modality == modality and e.label in classes for e in clip.events)
            }
            assert ours <= listed
            counts.append((len(ours), len(listed)))
    assert counts == [(1839, 1844), (1081, 1085), (1658, 1661), (1030, 1032)]
