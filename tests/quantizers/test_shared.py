"""Start and reset of a shared codebook, whichever update moves it."""

import pytest
import torch

from cmg.quantizers.joint import JointEMA
from cmg.quantizers.sequential import SequentialEMA

STREAMS = ("a", "b")
KINDS = (JointEMA, SequentialEMA)


def make(kind, **options):
    torch.manual_seed(0)
    return kind(6, 2, STREAMS, reset_after=2, **options).double().train()


def streams(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(3, 2, 2, generator=generator, dtype=torch.float64) for name in STREAMS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_start_on_the_batch_puts_codes_on_evenly_spaced_vectors(kind):
    quantizer, x = make(kind, start="batch"), streams()
    quantized = quantizer(x, torch.zeros(6))
    every = torch.cat([x["a"].flatten(0, 1), x["b"].flatten(0, 1)])
    torch.testing.assert_close(quantized.codebook, every[[0, 2, 4, 6, 8, 10]])
    assert quantizer.embedding.abs().max() < 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_uniform_start_leaves_no_code_without_a_number(kind):
    quantizer = make(kind, start="uniform")
    assert (
        quantizer.embedding.abs().max() <= 1 / 400
        and not quantizer.ema_count.any()
        and "started" not in quantizer.state_dict()
    )
    for seed in range(3):
        quantizer(streams(seed), torch.zeros(6))
        assert quantizer.embedding.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_reset_to_the_batch_stays_and_a_copy_does_not(kind):
    """Code 5 lies far away and is never chosen; both resets bring it near, the next update undoes the copy."""
    for reset, stays in (("batch", True), ("copy", False)):
        quantizer = make(kind, start="batch", reset=reset)
        quantizer(streams(), torch.zeros(6))
        for table in (quantizer.embedding, quantizer.ema_weight):
            table[5] = 1000.0
        quantizer.ema_count[5] = 1.0
        quantizer.unactivated_count[5] = 2.0
        quantizer(streams(), torch.zeros(6))
        assert quantizer.embedding[5].norm() < 10
        quantizer(streams(), torch.zeros(6))
        assert (quantizer.embedding[5].norm() < 10) == stays


@pytest.mark.parametrize("kind", KINDS)
def test_only_reviving_streams_keep_codes(kind):
    quantizer = make(kind, start="batch", reviving=("a",))
    x = {"a": torch.zeros(1, 1, 2, dtype=torch.float64), "b": torch.ones(1, 1, 2, dtype=torch.float64)}
    quantized = quantizer(x, torch.zeros(6))
    idle = quantizer.unactivated_count
    assert idle[quantized.indices["a"]].item() == 0 and idle[quantized.indices["b"]].item() == 1


def test_a_code_keeps_its_place_where_its_count_underflows():
    """decay 0.5 brings a float32 count to zero in 150 steps, before `reset_after` comes."""
    torch.manual_seed(0)
    quantizer = JointEMA(6, 2, STREAMS, decay=0.5, reset_after=300).train()
    x = {name: value.float() for name, value in streams().items()}
    quantizer(x, torch.zeros(6))
    for table in (quantizer.embedding, quantizer.ema_weight):
        table[5] = 1000.0
    quantizer.ema_count[5] = 1.0
    for _ in range(250):
        quantizer(x, torch.zeros(6))
    assert quantizer.ema_count[5] < 1e-38 and quantizer.embedding.isfinite().all()
    torch.testing.assert_close(quantizer.embedding[5], torch.full((2,), 1000.0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("smooth", [False, True])
def test_smoothed_counts_drag_an_unused_code_to_the_origin(kind, smooth):
    quantizer = make(kind, start="batch", reset="copy", smooth_counts=smooth)
    quantizer(streams(), torch.zeros(6))
    for table in (quantizer.embedding, quantizer.ema_weight):
        table[5] = 1000.0
    quantizer.ema_count[5], quantizer.reset_after = 1.0, 10**6
    total = quantizer.ema_count.sum()
    for seed in range(1500):
        quantizer(streams(seed), torch.zeros(6))
    assert quantizer.ema_count.sum() > total  # towards 12 choices per step; smoothing keeps the sum
    expected = 0.0 if smooth else 1000.0
    torch.testing.assert_close(
        quantizer.embedding[5], torch.full((2,), expected, dtype=torch.float64), atol=1.0, rtol=1e-9
    )


@pytest.mark.parametrize("kind", KINDS)
def test_without_smoothing_a_code_that_was_never_chosen_keeps_its_start(kind):
    quantizer = make(kind, start="uniform")
    before = quantizer.embedding.clone()
    quantized = quantizer(streams(), torch.zeros(6))
    unused = quantized.counts.sum(dim=0) == 0
    assert unused.any() and torch.equal(quantizer.embedding[unused], before[unused])


@pytest.mark.parametrize(("active_below", "source"), [(2, 0.0), (4, 2.0)])
def test_a_copy_is_of_a_code_idle_for_fewer_steps_than_active_below(active_below, source):
    """Codes 0 (chosen), 1 (idle for 5) and 2 (idle for 3) after this step; the last of the live ones is copied."""
    quantizer = SequentialEMA(
        4, 2, STREAMS, reset_after=9, active_below=active_below, start="uniform", reset="copy"
    ).eval()
    quantizer.embedding.copy_(torch.tensor([0.0, 1.0, 2.0, 50.0])[:, None].expand(4, 2))
    quantizer.unactivated_count.copy_(torch.tensor([7.0, 4.0, 2.0, 9.0]))
    quantizer({name: torch.zeros(1, 1, 2) for name in STREAMS}, torch.full((4,), 0.9), 0.0)
    assert quantizer.embedding[3].tolist() == [source, source]
