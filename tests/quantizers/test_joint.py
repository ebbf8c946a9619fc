"""The paper variant's codebook: start, update and reset, written out in NumPy."""

import numpy as np
import torch

from cmg.quantizers.joint import JointEMA

UNIFORM = torch.linspace(0, 0.99, 4, dtype=torch.float64)


def streams(seed=0):
    g = torch.Generator().manual_seed(seed)
    return {n: torch.randn(3, 2, 2, generator=g, dtype=torch.float64) for n in ("a", "b", "c")}


def book(**options):
    return JointEMA(4, 2, ("a", "b", "c"), decay=0.9, **options).double().train()


def written_out(x, embedding, count, weight, own=0.5, decay=0.9):
    """One update from all streams at once."""
    count, weight = count * decay, weight * decay
    for name, rows in x.items():
        others = [x[n] for n in x if n != name]
        mixed = own * rows + (1 - own) * np.mean(others, axis=0)
        for row, value in zip(rows.reshape(-1, 2), mixed.reshape(-1, 2), strict=True):
            k = np.argmin(((embedding - row) ** 2).sum(axis=1))
            count[k] += 1 - decay
            weight[k] += (1 - decay) * value
    return count, weight, weight / count[:, None]


def test_first_step_starts_on_the_data_then_updates():
    quantizer, x = book(), streams()
    out = quantizer(x, UNIFORM)
    vectors = torch.cat([v.flatten(0, 1) for v in x.values()])
    start = vectors[torch.tensor([0, 4, 9, 13])]
    assert torch.equal(out.codebook, start)
    arrays = {n: v.numpy() for n, v in x.items()}
    count, weight, embedding = written_out(arrays, start.numpy(), np.ones(4), start.numpy().copy())
    np.testing.assert_allclose(quantizer.ema_count, count)
    np.testing.assert_allclose(quantizer.embedding, embedding)
    out = quantizer(streams(1), UNIFORM)
    _, _, later = written_out({n: v.numpy() for n, v in streams(1).items()}, embedding, count, weight)
    np.testing.assert_allclose(quantizer.embedding, later)
    np.testing.assert_allclose(out.codebook, embedding)


def test_unused_codes_keep_their_place():
    quantizer = book()
    quantizer(streams(), UNIFORM)
    quantizer.embedding[0] = 50.0
    quantizer.ema_weight[0] = 50.0 * quantizer.ema_count[0]
    for seed in range(200):
        quantizer(streams(seed), UNIFORM)
    torch.testing.assert_close(quantizer.embedding[0], torch.full((2,), 50.0, dtype=torch.float64))


def test_norms_never_explode_on_features_far_from_the_origin():
    quantizer = JointEMA(64, 2, ("a", "b", "c")).double().train()
    for seed in range(5):
        quantizer({n: 100 + v for n, v in streams(seed).items()}, torch.rand(64, dtype=torch.float64))
        assert quantizer.embedding.abs().max() < 110


def test_reset_is_written_to_the_averages_and_lasts():
    quantizer = book(reset_after=2)
    quantizer(streams(), UNIFORM)
    quantizer.embedding[3] = quantizer.ema_weight[3] = 1e3
    quantizer.ema_count[3] = 1.0
    fixed = streams(1)
    quantizer(fixed, UNIFORM)
    assert quantizer.unactivated_count[3] == 1 and quantizer.embedding[3, 0] == 1e3
    quantizer(fixed, UNIFORM)
    vectors = torch.cat([v.flatten(0, 1) for v in fixed.values()])
    chosen = vectors[int(UNIFORM[3] * len(vectors))]
    torch.testing.assert_close(quantizer.embedding[3], chosen)
    assert quantizer.unactivated_count[3] == 0 and quantizer.ema_count[3] == 1
    quantizer(fixed, UNIFORM)
    assert (quantizer.embedding[3] - chosen).norm() < 0.5


def test_evaluation_changes_nothing():
    quantizer = book()
    quantizer(streams(), UNIFORM)
    before = {k: v.clone() for k, v in quantizer.state_dict().items()}
    quantizer.eval()(streams(2), UNIFORM)
    assert all(torch.equal(v, before[k]) for k, v in quantizer.state_dict().items())


def test_own_only_ignores_the_other_streams():
    quantizer, x = book(own=1.0), streams()
    quantizer(x, UNIFORM)
    count, _, embedding = written_out(
        {n: v.numpy() for n, v in x.items()}, *(lambda s: (s, np.ones(4), s.copy()))(start_of(x)), own=1.0
    )
    np.testing.assert_allclose(quantizer.embedding, embedding)


def start_of(x):
    return torch.cat([v.flatten(0, 1) for v in x.values()])[torch.tensor([0, 4, 9, 13])].numpy()
