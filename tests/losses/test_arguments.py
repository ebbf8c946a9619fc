"""What cannot be meant is a ValueError that names it, and never another loss or a number that is none."""

import re

import pytest
import torch

from cmg.losses.club import CLUB, club_bound
from cmg.losses.commitment import cross_commitment
from cmg.losses.cpc import cpc, cross_cpc
from cmg.losses.infonce import infonce, infonce_by_second, infonce_within

X = torch.zeros(4, 3, 8)
CLIPS = X[:, 0]
ORDER = torch.arange(4)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: club_bound("sampeld", CLUB(8, 8), X, X, ORDER), "estimate 'sampeld': expected one of"),
        (lambda: club_bound("sampled", CLUB(8, 8), X, X), "needs a permutation"),
        (lambda: club_bound("sampled", CLUB(6, 8), X, X, ORDER), "x, of the net: expected [...,6], found [4, 3, 8]"),
        (lambda: club_bound("sampled", CLUB(8, 1), X, X, ORDER), "y, of the net: expected [...,1], found [4, 3, 8]"),
        (lambda: club_bound("sampled", CLUB(8, 8), X, X, ORDER[:3]), "expected 4 rows, found 3"),
        (lambda: club_bound("sampled", CLUB(8, 8), X, X, ORDER.float()), "expected whole numbers, found torch.float32"),
        (lambda: infonce(CLIPS, CLIPS, 0), "infonce: tau: expected a number above 0, found 0"),
        (lambda: infonce_by_second(X, X, -1.0), "tau: expected a number above 0, found -1.0"),
        (lambda: infonce_within(X, X, float("nan")), "tau: expected a number above 0, found nan"),
        (lambda: infonce(CLIPS, CLIPS, 0.1, similarity="cos"), "similarity 'cos': expected one of"),
        (lambda: infonce(CLIPS, CLIPS, 0.1, more=torch.zeros(2, 7)), "found key [4, 8], more [2, 7]"),
        (lambda: cpc(X, X, "target"), "did you mean 'targets'?"),
        (
            lambda: cross_cpc({"audio": X, "video": X}, {"audio": X, "vidoe": X}),
            "found predictions audio, video; targets audio, vidoe",
        ),
        (lambda: cross_commitment({"audio": X, "video": X}, {"audio": X}, 1, 1), "found x audio, video; codes audio"),
    ],
)
def test_it_is_named(ask, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        ask()


def test_a_learned_temperature_is_not_looked_at():
    tau = torch.nn.Parameter(torch.tensor(0.1))
    assert infonce(torch.eye(4), torch.eye(4), tau).item() == pytest.approx(
        infonce(torch.eye(4), torch.eye(4), 0.1).item()
    )
