"""CLUB against Eqs. 11 and 12 written out in NumPy, and against the released estimates."""

import numpy as np
import pytest
import torch

from cmg.losses.club import CLUB, club_all_pairs, club_bound, club_released, club_sampled, unit


@pytest.fixture
def case():
    torch.manual_seed(0)
    net = CLUB(3, 2, hidden=4).double()
    return net, torch.randn(5, 4, 3, dtype=torch.float64), torch.randn(5, 4, 2, dtype=torch.float64)


def gaussian(net, x, y):
    """log q(y|x) of one row, without the constant."""
    with torch.no_grad():
        mu, logvar = (v.numpy() for v in net(x))
    return float(-0.5 * np.sum((y.numpy() - mu) ** 2 / np.exp(logvar) + logvar))


def test_all_pairs_is_equation_12(case):
    net, x, y = case
    clips, seconds = x.shape[:2]
    expected = 0.0
    for i in range(clips):
        own = np.mean([gaussian(net, x[i, t], y[i, t]) for t in range(seconds)])
        others = np.mean([gaussian(net, x[i, t], y[j, t]) for j in range(clips) for t in range(seconds)])
        expected += (own - others) / clips
    assert club_all_pairs(net, x, y).item() == pytest.approx(expected, rel=1e-12)


def test_sampled_compares_with_one_other_clip(case):
    net, x, y = case
    permutation = torch.tensor([1, 0, 3, 4, 2])
    pairs = [(i, t, int(permutation[i])) for i in range(5) for t in range(4)]
    expected = np.mean([gaussian(net, x[i, t], y[i, t]) - gaussian(net, x[i, t], y[j, t]) for i, t, j in pairs])
    assert club_sampled(net, x, y, permutation).item() == pytest.approx(expected, rel=1e-12)
    assert club_sampled(net, x[:, 0], y[:, 0], permutation).ndim == 0


def test_released_pools_axis_one_for_sequences_and_for_clips(case):
    net, x, y = case
    permutation = torch.tensor([1, 0, 3, 4, 2])
    for a, b in ((x, y), (x[:, 0], y[:, 0])):
        with torch.no_grad():
            mu, logvar = (v.numpy() for v in net(a))
        target, variance = b.numpy(), np.exp(logvar.mean(axis=1))
        own, other = ((mu - z) ** 2 for z in (target, target[permutation.numpy()]))
        inner = (-own.mean(axis=1) + other.mean(axis=1)) / variance
        expected = 0.5 * inner.sum(axis=-1).mean()
        assert club_released(net, a, b, permutation).item() == pytest.approx(expected, rel=1e-12)


def test_released_takes_clips_of_one_second_as_sequences(case):
    """Averages over one second change nothing: what is left is one permutation. Clips [B,.] are averaged over their
    features."""
    net, (x, y), permutation = case[0], (v[:, :1] for v in case[1:]), torch.tensor([1, 0, 3, 4, 2])
    sampled = club_sampled(net, x, y, permutation)
    torch.testing.assert_close(club_released(net, x, y, permutation), sampled, rtol=1e-12, atol=0)
    assert not torch.isclose(club_released(net, x[:, 0], y[:, 0], permutation), sampled, rtol=1e-3)


def test_estimates_by_name(case):
    net, x, y = case
    permutation = torch.tensor([1, 0, 3, 4, 2])
    expected = {"all_pairs": club_all_pairs(net, x, y)}
    expected |= {"sampled": club_sampled(net, x, y, permutation), "released": club_released(net, x, y, permutation)}
    assert {name: club_bound(name, net, x, y, permutation) for name in expected} == expected
    assert len(set(expected.values())) == 3


@pytest.mark.parametrize("estimate", ["all_pairs", "sampled", "released"])
def test_averaged_over_features_a_bound_has_no_width(estimate):
    """A specific vector written twice, and a net that predicts it twice: twice the sum, the same mean."""
    torch.manual_seed(1)
    net, wide, x, y = CLUB(3, 2, hidden=4), CLUB(3, 4, hidden=4), torch.randn(6, 5, 3), torch.randn(6, 5, 2)
    state = net.state_dict()
    wide.load_state_dict({k: torch.cat([v, v]) if len(v) == 2 else v for k, v in state.items()})
    permutation = torch.tensor([1, 0, 3, 4, 5, 2])
    for features, ratio in (("sum", 2), ("mean", 1)):
        bound = club_bound(estimate, net, x, y, permutation, features=features)
        torch.testing.assert_close(
            club_bound(estimate, wide, x, torch.cat([y, y], dim=-1), permutation, features=features), ratio * bound
        )


@pytest.mark.parametrize("seed", range(5))
def test_a_bound_below_zero_has_no_gradient_under_the_floor(seed):
    torch.manual_seed(seed)
    net, x = CLUB(3, 2, hidden=32), torch.randn(6, 5, 3)
    with torch.no_grad():
        expected = net(x)[0]
    for sign in (-1, 1):  # unlike what q expects, and like it
        y = (sign * 50 * (expected - expected.mean(0))).requires_grad_()
        free, floored = (club_bound("all_pairs", net, x, y, floor=floor) for floor in (False, True))
        assert floored == max(free, 0) and (free < 0) == (sign < 0)
        floored.backward()
        assert bool(y.grad.any()) == (sign > 0)


def test_unit_vectors_forget_scale_and_offset():
    y = torch.randn(4, 3, 64, dtype=torch.float64)
    torch.testing.assert_close(unit(1000 * y + 7), unit(y), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(unit(y).square().mean(dim=-1), torch.ones(4, 3, dtype=torch.float64), rtol=1e-4, atol=0)
    assert unit(torch.zeros(2, 5)).isfinite().all()


def test_log_likelihood_is_a_mean_over_rows(case):
    net, x, y = case
    expected = np.mean([gaussian(net, x[i, t], y[i, t]) for i in range(5) for t in range(4)])
    assert net.log_likelihood(x, y).item() == pytest.approx(expected, rel=1e-12)


def test_fitting_the_net_makes_dependence_visible():
    torch.manual_seed(0)
    net, x = CLUB(2, 2), torch.randn(256, 2)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(80):
        loss = -net.log_likelihood(x, x)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    independent = torch.randn(256, 2)
    assert club_all_pairs(net, x, x) > 1.0
    assert club_all_pairs(net, x, x) > 5 * club_all_pairs(net, x, independent).abs()


def test_wrong_permutation_length(case):
    net, x, y = case
    with pytest.raises(ValueError, match="expected 5 rows, found 3"):
        club_sampled(net, x, y, torch.arange(3))


def test_reference_cases(golden):
    cases, states = golden("club_cases"), golden("club_states")
    for name, suffix in (("video", "3d"), ("text", "2d")):
        x, y, permutation = cases[f"x{suffix[0]}"], cases[f"y{suffix[0]}"], cases[f"perm_{suffix}"]
        net = CLUB(x.shape[-1], y.shape[-1]).double()
        net.load_state_dict({k.split("/")[1]: v for k, v in states.items() if k.startswith(f"{name}/")})
        torch.testing.assert_close(
            club_released(net, x, y, permutation).detach(), cases[f"mi_{suffix}"], rtol=1e-10, atol=0
        )
        torch.testing.assert_close(net.log_likelihood(x, y).detach(), cases[f"loglik_{suffix}"], rtol=1e-10, atol=0)
    torch.testing.assert_close(
        club_sampled(net, x, y, permutation).detach(), cases["mi_2d_textbook"], rtol=1e-10, atol=0
    )
    mu, logvar = net(x)
    torch.testing.assert_close(mu.detach(), cases["mu_2d"], rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(logvar.detach(), cases["logvar_2d"], rtol=1e-10, atol=1e-13)
