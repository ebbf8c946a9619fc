"""CoDAAR's codebooks against hand-written NumPy: DTA, CSA, start, dead rows."""

import numpy as np
import pytest
import torch

from cmg.methods.codaar.aligned import AlignedEMA, cascade

AVT = ("video", "audio", "text")


def features(seed, modalities=AVT, clips=3, seconds=4, dim=2):
    g = torch.Generator().manual_seed(seed)
    return {m: torch.randn(clips, seconds, dim, generator=g, dtype=torch.float64) for m in modalities}


def quantizer(codes=5, dim=2, modalities=AVT, **options):
    torch.manual_seed(0)
    return AlignedEMA(codes, dim, modalities, **options).double().train()


def uniform(codes=5, value=0.0):
    return torch.full((codes,), value, dtype=torch.float64)


def started(**options):
    """A codebook in the middle of training: spread codes, uneven counts, weights that fit them."""
    q = quantizer(**options)
    g = torch.Generator().manual_seed(9)
    q.embedding.copy_(torch.randn(q.embedding.shape, generator=g, dtype=torch.float64))
    q.ema_count.copy_(0.5 + torch.rand(q.ema_count.shape, generator=g, dtype=torch.float64))
    q.ema_weight.copy_(q.embedding * q.ema_count.T.repeat_interleave(2, dim=1))
    q.started.fill_(True)
    return q


def by_hand(q, z, self_weight, cross_weight, smooth):
    """One DTA update in NumPy loops: indices, counts [M,K], weights [K,M*D], codes before CSA."""
    table, counts = q.embedding.numpy().copy(), q.ema_count.numpy().copy()
    weights, names = q.ema_weight.numpy().copy(), list(z)
    dim, codes = z[names[0]].shape[-1], len(table)
    indices = {}
    for row, m in enumerate(names):
        columns = slice(row * dim, (row + 1) * dim)
        sums, hits = np.zeros((codes, dim)), np.zeros(codes)
        indices[m] = np.zeros(z[m].shape[:2], dtype=int)
        for i, t in np.ndindex(*z[m].shape[:2]):
            k = int(np.argmin([np.linalg.norm(z[m][i, t].numpy() - table[j, columns]) for j in range(codes)]))
            indices[m][i, t] = k
            hits[k] += 1
            sums[k] += self_weight * z[m][i, t].numpy() + cross_weight * sum(
                z[n][i, t].numpy() for n in names if n != m
            )
        counts[row] = 0.99 * counts[row] + 0.01 * hits
        if smooth:
            total = counts[row].sum()
            counts[row] = (counts[row] + 1e-5) / (total + codes * 1e-5) * total
        weights[:, columns] = 0.99 * weights[:, columns] + 0.01 * sums
    return indices, counts, weights, weights / np.repeat(counts.T, dim, axis=1)


@pytest.mark.parametrize(("modalities", "own", "cross"), [(AVT, 0.6, 0.2), (AVT[:2], 0.75, 0.25)])
@pytest.mark.parametrize("smooth", [False, True])
def test_dta(modalities, own, cross, smooth):
    z = features(1, modalities)
    q = started(modalities=modalities, self_weight=own, cross_weight=cross, smooth_counts=smooth, cascade="off")
    indices, counts, weights, codes = by_hand(q, z, own, cross, smooth)
    found = q(z, uniform())
    for m in modalities:
        np.testing.assert_array_equal(found.indices[m], indices[m])
    np.testing.assert_allclose(q.ema_count, counts, rtol=1e-12)
    np.testing.assert_allclose(q.ema_weight, weights, rtol=1e-12)
    np.testing.assert_allclose(q.embedding, codes, rtol=1e-12)


def test_csa_is_equation_12():
    v, a, t = np.random.default_rng(0).normal(size=(3, 5, 2))
    found = [x.numpy() for x in cascade(tuple(torch.from_numpy(x) for x in (v, a, t)))]
    np.testing.assert_allclose(found[2], t / 3 + a / 3 + v / 3, rtol=1e-12)
    np.testing.assert_allclose(found[1], t / 9 + 4 * a / 9 + 4 * v / 9, rtol=1e-12)
    np.testing.assert_allclose(found[0], 4 * t / 27 + 7 * a / 27 + 16 * v / 27, rtol=1e-12)
    pair = [x.numpy() for x in cascade((torch.from_numpy(v), torch.from_numpy(a)))]
    np.testing.assert_allclose(pair[1], (a + v) / 2, rtol=1e-12)
    np.testing.assert_allclose(pair[0], 3 * v / 4 + a / 4, rtol=1e-12)


@pytest.mark.parametrize("written", [False, True])
def test_the_cascade_reaches_the_codes_and_when_asked_the_weights(written):
    z, q = features(1), started(cascade="accumulated" if written else "afresh")
    _, counts, weights, codes = by_hand(q, z, 0.6, 0.2, smooth=False)
    v, a, t = np.split(codes, 3, axis=1)
    expected = np.concatenate(
        [4 * t / 27 + 7 * a / 27 + 16 * v / 27, t / 9 + 4 * a / 9 + 4 * v / 9, (t + a + v) / 3], axis=1
    )
    q(z, uniform())
    np.testing.assert_allclose(q.embedding, expected, rtol=1e-12)
    np.testing.assert_allclose(
        q.ema_weight, expected * np.repeat(counts.T, 2, axis=1) if written else weights, rtol=1e-12
    )


def test_straight_through_and_hard_codes():
    z, q = features(2), started()
    z["audio"].requires_grad_()
    before = q.embedding.clone()
    found = q(z, uniform())
    own = before[:, 2:4][found.indices["audio"]]
    assert torch.equal(found.hard["audio"], own) and torch.equal(found.codebook, before)
    torch.testing.assert_close(found.straight["audio"].detach(), own)
    found.straight["audio"].sum().backward()
    assert torch.equal(z["audio"].grad, torch.ones_like(own))


def test_the_first_batch_places_aligned_rows():
    z, q = features(3), quantizer(codes=4, cascade="off", decay=0.999999)
    q(z, uniform(4))
    rows = torch.cat(list(z.values()), dim=-1).flatten(0, 1)[[0, 3, 6, 9]]  # every third of twelve clip-seconds
    torch.testing.assert_close(q.embedding, rows, rtol=1e-4, atol=1e-4)
    assert torch.equal(q.hits.sum(dim=1), torch.full((3,), 12))


def test_only_the_released_start_explodes():
    z = features(4)
    released = quantizer(codes=400, start="uniform", smooth_counts=True, cascade="off")
    ours = quantizer(codes=400, cascade="off")
    for q in (released, ours):
        q(z, uniform(400), torch.zeros(400, 6))
    largest = max(x.abs().max() for x in z.values())
    assert released.embedding.abs().max() > 10 * largest and ours.embedding.abs().max() <= largest * (1 + 1e-9)


def dead_row(reset):
    """A codebook whose fourth row, far away from everything, has now been idle for long."""
    q = started(reset=reset, reset_after=10, active_below=5, cascade="off", start="batch")
    q.embedding[3] = q.ema_weight[3] = 1000.0
    q.ema_count[:, 3] = 1
    q.unactivated_count[3] = 10
    return q


def elsewhere(q):
    """A batch in which every modality chooses the first row."""
    return {m: part.expand(3, 4, 2) for m, part in zip(AVT, q.embedding[0].clone().chunk(3), strict=True)}


def test_a_reset_that_sticks():
    z, q = features(5), dead_row("batch")
    q(z, uniform(value=0.6))  # floor(0.6 x 12) = 7: clip 1, second 3
    row = torch.cat([x[1, 3] for x in z.values()])
    for buffer in (q.embedding[3], q.ema_weight[3]):
        torch.testing.assert_close(buffer, row)
    assert torch.equal(q.ema_count[:, 3], torch.ones(3, dtype=torch.float64)) and q.unactivated_count[3] == 0
    q(elsewhere(q), uniform())
    torch.testing.assert_close(q.embedding[3], row)


def test_a_released_reset_reverts():
    z, q = features(5), dead_row("copy")
    noise = torch.full((5, 6), 0.25, dtype=torch.float64)
    q(z, uniform(), noise)
    first = int(torch.nonzero(q.unactivated_count < 5)[0])
    torch.testing.assert_close(q.embedding[3], q.embedding[first] + 0.25)
    q(elsewhere(q), uniform(), noise)
    torch.testing.assert_close(q.embedding[3], torch.full((6,), 1000.0, dtype=torch.float64))


@pytest.mark.parametrize(("reset", "steps"), [("batch", 3), ("copy", 5)])
def test_how_many_idle_steps_make_a_row_dead(reset, steps):
    q = started(reset=reset, reset_after=3, active_below=1, cascade="off")
    q.embedding[4] = q.ema_weight[4] = 1000.0
    q.ema_count[:, 4] = 1
    for step in range(1, steps + 1):
        q(features(step), uniform(), torch.zeros(5, 6))
        assert (q.embedding[4].abs().max() < 100) == (step == steps)


def test_evaluation_changes_nothing():
    q = started().eval()
    before = {name: value.clone() for name, value in q.state_dict().items()}
    q(features(6), uniform())
    assert all(torch.equal(value, before[name]) for name, value in q.state_dict().items())


def test_a_code_that_one_modality_never_chooses_keeps_its_place():
    """Row 1 is chosen by audio in every step and never by video, whose count would be zero in float32 after 150 steps
    of decay 0.5."""
    quantizer = AlignedEMA(
        2, 1, ("video", "audio"), decay=0.5, self_weight=1.0, cross_weight=0.0, cascade="off"
    ).train()
    rows = {"video": torch.tensor([[[0.0]], [[100.0]]]), "audio": torch.tensor([[[0.0]], [[1.0]]])}
    quantizer(rows, torch.zeros(2))
    rows["video"] = torch.zeros(2, 1, 1)
    for _ in range(250):
        quantizer(rows, torch.zeros(2))
    torch.testing.assert_close(quantizer.embedding, torch.tensor([[0.0, 0.0], [100.0, 1.0]]))


class CascadeFirst(AlignedEMA):
    """The ablation "Order": CSA, then DTA."""

    def _update(self, streams, quantized):
        self.embedding.copy_(torch.cat(cascade(self.embedding.chunk(len(self.streams), dim=-1)), dim=-1))
        super()._update(streams, quantized)


@pytest.mark.parametrize("modalities", [AVT, AVT[:2]])
@pytest.mark.parametrize(
    "options", [{}, {"start": "uniform", "smooth_counts": True, "reset": "copy", "active_below": 2}]
)
def test_csa_before_dta_is_no_csa(modalities, options):
    """DTA rebuilds every code from weight and count and reads nothing that CSA wrote, so the order is not an algorithm
    of its own."""
    torch.manual_seed(1)
    found = [
        kind(6, 2, modalities, cascade="off", reset_after=4, **options).double().train()
        for kind in (AlignedEMA, CascadeFirst)
    ]
    found[1].load_state_dict(found[0].state_dict())
    for step in range(12):
        noise = 0.01 * torch.randn(found[0].embedding.shape, dtype=torch.float64)
        chosen = [q(features(step, modalities), uniform(6, 0.3), noise).indices for q in found]
        assert all(torch.equal(chosen[0][m], chosen[1][m]) for m in modalities)
        for name, tensor in found[0].state_dict().items():
            assert torch.equal(tensor, found[1].state_dict()[name]), (step, name)
    afresh = AlignedEMA(6, 2, modalities, cascade="afresh").double().train()
    afresh.load_state_dict(found[0].state_dict())
    found[0](features(99, modalities), uniform(6), torch.zeros_like(noise))
    afresh(features(99, modalities), uniform(6), torch.zeros_like(noise))
    assert not torch.allclose(afresh.embedding, found[0].embedding)  # CSA after DTA is another algorithm
