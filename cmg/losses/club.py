"""CLUB: a variational upper bound of mutual information (Cheng et al. 2020; FCID Eqs. 11, 12, 15).

Axes: B clips, T seconds, D width of x, E width of y. q(y|x) is a Gaussian with diagonal covariance.
`parts`: how many streams of the same clips are stacked along axis 0, which a permutation mixes; B counts all their
rows.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cmg.nn.checks import check_alike, check_option, check_width
from cmg.nn.distributed import gather, shard, total, world

ROUNDING = 1e-6  # a bound that is zero comes out on either side of it, differently with one process and with two


def _mlp(x_dim: int, hidden: int, y_dim: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for fan_in, fan_out in ((x_dim, hidden), (hidden, hidden), (hidden, hidden)):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, y_dim))


class CLUB(nn.Module):
    """q(y|x): mean and log-variance of y [..., E] from x [..., D]; the log-variance lies in (-1, 1) through a tanh."""

    def __init__(self, x_dim: int, y_dim: int, hidden: int = 128) -> None:
        super().__init__()
        self.x_dim, self.y_dim = x_dim, y_dim
        self.p_mu = _mlp(x_dim, hidden, y_dim)
        self.p_logvar = _mlp(x_dim, hidden, y_dim).append(nn.Tanh())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [...,D] -> mean and log-variance of y, each [...,E]."""
        return self.p_mu(x), self.p_logvar(x)

    def log_likelihood(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean over all rows of log q(y|x), without the constant -E/2 log(2 pi). x [...,D], y [...,E] -> []."""
        mu, logvar = self(x)
        return -0.5 * ((mu - y).square() / logvar.exp() + logvar).sum(dim=-1).mean()


def club_all_pairs(net: CLUB, x: Tensor, y: Tensor) -> Tensor:
    """Eq. 12 as printed: mean over i, t of log q(y_it|x_it) - mean_j log q(y_jt|x_it), every j including i. [B,T,.] ->
    [].

    mean_j (mu_i - y_j)^2 = (mu_i - mean y)^2 + var y, so the B^2 pairs cost as much as B; the log-variance cancels.
    """
    mu, logvar = net(x)
    everyone = gather(y)
    centre = everyone.mean(dim=0)
    spread = everyone.var(dim=0, unbiased=False)
    negative = (mu - centre).square() + spread
    return 0.5 * ((negative - (mu - y).square()) / logvar.exp()).sum(dim=-1).mean()


def club_sampled(net: CLUB, x: Tensor, y: Tensor, permutation: Tensor, parts: int = 1) -> Tensor:
    """One negative clip per clip: mean over i, t of log q(y_it|x_it) - log q(y_perm(i)t|x_it). [B,...,.] -> []."""
    mu, logvar = net(x)
    negative = _permuted(y, permutation, parts)
    return 0.5 * (((mu - negative).square() - (mu - y).square()) / logvar.exp()).sum(dim=-1).mean()


def club_released(net: CLUB, x: Tensor, y: Tensor, permutation: Tensor, parts: int = 1) -> Tensor:
    """The released estimate: squared error and log-variance are averaged over axis 1 separately, then summed over the
    last axis.

    For sequences [B,T,.], clips of one second included, axis 1 is time: 0.5 mean_i sum_e. For clips [B,.] the same code
    averages over features and sums over the batch: 0.5 sum_i, a scale of B/E times the usual one (facts on FCID 2.1). B
    is that of the global batch.
    """
    mu, logvar = net(x)
    variance = logvar.mean(dim=1).exp()
    positive = (mu - y).square().mean(dim=1)
    negative = (mu - _permuted(y, permutation, parts)).square().mean(dim=1)
    estimate = 0.5 * ((negative - positive) / variance).sum(dim=-1).mean()
    return estimate * world()[1] if mu.ndim == 2 else estimate  # losses are averaged over processes, and this is a sum


Estimate = Literal["all_pairs", "sampled", "released"]
Features = Literal["mean", "sum"]


def club_bound(
    estimate: Estimate,
    net: CLUB,
    x: Tensor,
    y: Tensor,
    permutation: Tensor | None = None,
    parts: int = 1,
    features: Features = "sum",
    floor: bool = False,
) -> Tensor:
    """The estimate of that name: all_pairs, or, with a permutation [B], sampled or released. [B,...,.] -> [].

    features: log q is summed over the E features of y, as printed, or averaged, so that the bound has no width. floor:
    an estimate below zero, which no mutual information has, counts as zero and has no gradient: q is not fitted yet,
    and a bound that may be negative is lowered without end by making y unlike what q expects.

    Raises ValueError for another name, x and y of other clips or widths than the net's, or no permutation where the
    estimate needs one.
    """
    check_option("club: estimate", estimate, Estimate)
    check_option("club: features", features, Features)
    check_alike("club: all axes of x and y but the last", x=x[..., 0], y=y[..., 0])
    check_width("club: x, of the net", x, net.x_dim)
    check_width("club: y, of the net", y, net.y_dim)
    if estimate == "all_pairs":
        bound = club_all_pairs(net, x, y)
    elif permutation is None:
        raise ValueError(
            f"club: estimate {estimate!r} needs a permutation [B] of the clips, "
            "whose specific features are its negatives"
        )
    else:
        bound = (club_sampled if estimate == "sampled" else club_released)(net, x, y, permutation, parts)
    bound = bound / y.shape[-1] if features == "mean" else bound
    return _floored(bound) if floor else bound


def _floored(bound: Tensor) -> Tensor:
    """Zero, without gradient, where the bound of the global batch, the mean over processes, is below zero by more than
    rounding."""
    everywhere = total(bound.detach().clone()) / world()[1]
    return torch.where(everywhere < -ROUNDING, torch.zeros_like(bound), bound)


def unit(y: Tensor) -> Tensor:
    """Every vector of y [...,E] at mean 0 and mean square 1 over its features: units in which q's variance, e^-1 to e,
    can stand."""
    return F.layer_norm(y, y.shape[-1:])


def _permuted(y: Tensor, permutation: Tensor, parts: int) -> Tensor:
    clips = y.unflatten(0, (parts, -1)).transpose(0, 1)  # [clips,parts,...], so that processes are joined clip by clip
    everyone = gather(clips).transpose(0, 1).flatten(0, 1)
    if permutation.shape[0] != everyone.shape[0]:
        raise ValueError(f"CLUB permutation: expected {everyone.shape[0]} rows, found {permutation.shape[0]}")
    if permutation.is_floating_point():
        raise ValueError(f"CLUB permutation: expected whole numbers, found {permutation.dtype}")
    chosen = everyone[permutation.to(y.device)].unflatten(0, (parts, -1)).transpose(0, 1)
    return shard(chosen, clips.shape[0]).transpose(0, 1).flatten(0, 1)
