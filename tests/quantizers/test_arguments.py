"""A codebook alone: what it is made of and given wrongly is a ValueError that names it."""

import re

import pytest
import torch

from cmg.quantizers.joint import JointEMA
from cmg.quantizers.sequential import SequentialEMA

X, DRAWS = torch.zeros(2, 3, 4), torch.zeros(6)
NAMES = ("audio", "video")


@pytest.mark.parametrize("kind", [JointEMA, SequentialEMA])
@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda kind: kind(6, 4, "audio"), "names that differ from each other, found 'audio'"),
        (lambda kind: kind(6, 4, ("audio", "audio")), "names that differ from each other"),
        (lambda kind: kind(6, 4, ()), "names that differ from each other, found ()"),
        (lambda kind: kind(0, 4, NAMES), "at least one code, found 0"),
        (lambda kind: kind(6, 4, NAMES, decay=1.9), "decay: expected a number above 0 and at most 1, found 1.9"),
        (
            lambda kind: kind(6, 4, NAMES, start="bach"),
            "start 'bach': expected one of 'batch', 'uniform'; did you mean 'batch'?",
        ),
        (lambda kind: kind(6, 4, NAMES)({"audio": X}, DRAWS), "no video among audio"),
        (lambda kind: kind(6, 5, NAMES)({"audio": X, "video": X}, DRAWS), "expected [...,5], found [2, 3, 4]"),
        (lambda kind: kind(6, 4, NAMES)({"audio": X, "video": X[:1]}, DRAWS), "found audio [2, 3, 4], video [1, 3, 4]"),
        (lambda kind: kind(6, 4, NAMES)({"audio": X[0], "video": X[0]}, DRAWS), "expected [B,T,D]"),
        (
            lambda kind: kind(6, 4, NAMES)({"audio": X, "video": X}, DRAWS[:2]),
            "expected uniform [6], a draw per code, found [2]",
        ),
    ],
)
def test_it_is_named(kind, ask, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        ask(kind)
