"""Sources of dead codes without a loop equal those of the loop."""

import torch

from cmg.quantizers.dead_codes import sources


def test_equals_the_loop():
    g = torch.Generator().manual_seed(0)
    for _ in range(20):
        active = torch.rand(9, generator=g) < 0.4
        uniform = torch.rand(9, dtype=torch.float64, generator=g)
        rows = [k for k in range(9) if active[k]]
        expected = [rows[int(u * len(rows))] for u in uniform] if rows else list(range(9))
        assert sources(active, uniform).tolist() == expected


def test_extremes_of_the_draw():
    active = torch.tensor([False, True, False, True])
    assert sources(active, torch.zeros(4)).tolist() == [1] * 4
    assert sources(active, torch.full((4,), 1 - 1e-12, dtype=torch.float64)).tolist() == [3] * 4
