"""The VQ-VAE: its loss by hand, codes that are those of the codebook, learning, and resumption to the same bits."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from cmg.methods.vqvae.model import VQVAE, Pictures
from cmg.train import checkpoint
from cmg.train.loop import TrainOptions, train
from cmg.train.pictures import StoredPictures
from tests.train.conftest import ArrayStore, Killed

SMALL = {"codes": 12, "dims": 6, "hidden": 8, "residual": 4}


def model(**changes):
    torch.manual_seed(0)
    return VQVAE(VQVAE.Config(**{**SMALL, **changes}))


def stripes(number=40, size=8, seed=0):
    """Pictures of a few kinds, uint8 in a store [N,1,S,S,3]."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 255, (4, 1, size, size, 3))
    kinds[:, :, ::2] //= 2
    features = kinds[rng.integers(0, 4, number)].astype(np.uint8)
    return StoredPictures(ArrayStore(features, np.ones(number, np.int32)), np.arange(number), torch.device("cpu"))


def test_the_loss_is_mse_over_the_variance_and_the_commitment():
    one = model(beta=0.5).eval()
    one.variance.fill_(0.04)
    batch = Pictures(torch.rand(3, 3, 8, 8))
    terms = one.loss(batch, one.draw(torch.Generator().manual_seed(0), 3, 1), lambda closure: None).terms
    z, codes = one.vectors(batch.pixels), one.codebooks()[0][one.indices(batch.pixels)]
    assert z.shape == (3, 2, 2, 6)
    assert terms["recon"].item() == pytest.approx(
        ((one.decode(codes) - batch.pixels) ** 2).mean().item() / 0.04, rel=1e-5
    )
    assert terms["commit"].item() == pytest.approx(0.5 * ((z - codes) ** 2).mean().item(), rel=1e-5)
    assert torch.equal(one.encode("pixels", batch.pixels).indices, one.indices(batch.pixels).reshape(3, 4, 1))


def test_gradients_pass_the_codebook_straight_through():
    one = model()
    terms = one.loss(
        Pictures(torch.rand(3, 3, 8, 8)), one.draw(torch.Generator().manual_seed(0), 3, 1), lambda closure: None
    )
    terms.terms["recon"].backward()
    assert all(
        parameter.grad.abs().sum() > 0 for name, parameter in one.encoder.named_parameters() if name.endswith("weight")
    )
    assert one.quantizer.embedding.requires_grad is False


def test_codes_start_on_vectors_of_the_first_batch():
    one, batch = model(), Pictures(torch.rand(8, 3, 8, 8))
    before = one.vectors(batch.pixels).detach().flatten(0, 2)
    one.quantizer({"pixels": before[None]}, torch.rand(12, dtype=torch.float64))
    assert (
        one.quantizer.started
        and torch.cdist(before[::3][:12], one.quantizer.embedding).amin(1).max() < before.std() * 4
    )


@pytest.mark.parametrize("wrong", [{"downsample": 3}, {"codes": 1}, {"dims": 0}, {"beta": -1}, {"hiden": 8}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValidationError):
        model(**wrong)


def test_it_learns_and_uses_its_codes(tmp_path):
    one, data = model(hidden=16), stripes()
    one.variance.fill_(data.variance())
    done = train(one, data, TrainOptions(epochs=60, batch_size=20, learning_rate=3e-3), tmp_path / "w.pt", "k")
    column = done.columns.index("recon")
    first, last = (np.mean([row[column] for row in rows]) for rows in (done.history[:3], done.history[-3:]))
    assert last < 0.5 * first and done.health[-1]["usage/pixels"] > 0.2


def test_a_run_that_was_killed_ends_in_the_same_bits(tmp_path):
    options = TrainOptions(epochs=3, batch_size=16, learning_rate=1e-3, save_every=2, save_seconds=0)

    def trained(work, stop=None):
        one = model()

        def show(step, total, row):
            if step == stop:
                raise Killed

        train(one, stripes(), options, tmp_path / work, "key", show)
        return one

    whole = trained("whole.pt")
    with pytest.raises(Killed):
        trained("part.pt", stop=5)
    assert (tmp_path / "part.pt").is_file()
    again = trained("part.pt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_checkpoint_comes_back_with_its_sizes(tmp_path):
    one = model(downsample=2)
    checkpoint.save(tmp_path, one, {"method": "vqvae", "config": one.config.model_dump()})
    back, about = checkpoint.load_as(VQVAE, tmp_path)
    batch = torch.rand(2, 3, 8, 8)
    assert torch.equal(back.indices(batch), one.eval().indices(batch)) and about["config"]["downsample"] == 2
    assert back.vectors(batch).shape == (2, 4, 4, 6)
