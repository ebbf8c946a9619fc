"""Jigsaw puzzles over pieces of codes."""

import pytest
import torch
from torch.nn import functional as F

from cmg.methods.micu.jigsaw import Jigsaw


def test_written_out_with_two_pieces():
    torch.manual_seed(0)
    jigsaw = Jigsaw(6, 2, 5).double()
    codes = {m: torch.randn(2, 3, 6, dtype=torch.float64) for m in ("audio", "video", "text")}
    expected = []
    for clip in range(2):
        for second in range(3):
            a, b = codes["text"][clip, second, :3], codes["audio"][clip, second, 3:]
            for label, pieces in enumerate(((a, b), (b, a))):
                logits = jigsaw.classify(torch.cat(pieces))
                expected.append(F.cross_entropy(logits, torch.tensor(label)))
    torch.testing.assert_close(jigsaw(codes, torch.tensor([2, 0])), torch.stack(expected).mean())


def test_three_pieces_have_six_orders():
    assert Jigsaw(6, 3).classify[2].out_features == 6


def test_pieces_that_do_not_divide_the_dimension():
    with pytest.raises(ValueError, match="multiple of 3 pieces, found 8"):
        Jigsaw(8, 3)


def test_orders_of_distinct_pieces_are_learnt():
    torch.manual_seed(0)
    jigsaw, codes = Jigsaw(4, 2, 16), {"audio": torch.tensor([1.0, 1, -1, -1]).expand(8, 2, 4)}
    optimiser = torch.optim.Adam(jigsaw.parameters(), lr=0.05)
    for _ in range(40):
        optimiser.zero_grad()
        loss = jigsaw(codes, torch.tensor([0, 0]))
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.05
