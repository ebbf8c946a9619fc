"""Transport plans against linear programming and assignment, which know nothing of proximal points or entropy."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment, linprog, minimize

from cmg.methods.codis.transport import ipot, sinkhorn


def costs(rows, columns, seed=0):
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def least_cost(cost):
    """Value of the transport problem with uniform marginals, by the simplex method."""
    rows, columns = cost.shape
    by_row, by_column = np.kron(np.eye(rows), np.ones(columns)), np.kron(np.ones(rows), np.eye(columns))
    marginals = np.concatenate([np.full(rows, 1 / rows), np.full(columns, 1 / columns)])
    found = linprog(
        cost.numpy().ravel(), A_eq=np.vstack([by_row, by_column]), b_eq=marginals, bounds=(0, None), method="highs"
    )
    assert found.success
    return found.fun


@pytest.mark.parametrize(("rows", "columns"), [(5, 5), (4, 7), (9, 3)])
@pytest.mark.parametrize(
    "solve", [lambda c: ipot(c, 0.5, 2000), lambda c: sinkhorn(c, 2e-3, 4000)], ids=["ipot", "sinkhorn"]
)
def test_the_limit_is_the_linear_programme(rows, columns, solve):
    cost = costs(rows, columns)
    plan = solve(cost)
    assert plan.min() >= 0
    torch.testing.assert_close(plan.sum(dim=1), torch.full((rows,), 1 / rows, dtype=torch.float64), rtol=5e-4, atol=0)
    torch.testing.assert_close(
        plan.sum(dim=0), torch.full((columns,), 1 / columns, dtype=torch.float64), rtol=1e-8, atol=0
    )
    assert (plan * cost).sum().item() == pytest.approx(least_cost(cost), abs=2e-3)


def test_with_as_many_prototypes_as_features_the_limit_is_an_assignment():
    cost = costs(6, 6, seed=3)
    rows, columns = linear_sum_assignment(cost.numpy())
    expected = np.zeros((6, 6))
    expected[rows, columns] = 1 / 6
    np.testing.assert_allclose(ipot(cost, 0.5, 3000), expected, atol=1e-4)


def test_sinkhorn_minimises_cost_minus_entropy():
    """Against a general constrained minimiser."""
    cost, epsilon = costs(3, 2), 0.3

    def value(plan):
        return float(plan @ cost.numpy().ravel() + epsilon * (plan * (np.log(plan) - 1)).sum())

    constraints = [{"type": "eq", "fun": lambda p, i=i: p.reshape(3, 2)[i].sum() - 1 / 3} for i in range(3)]
    # the other follows
    constraints += [{"type": "eq", "fun": lambda p, k=k: p.reshape(3, 2)[:, k].sum() - 1 / 2} for k in range(1)]
    best = minimize(
        value,
        np.full(6, 1 / 6),
        constraints=constraints,
        bounds=[(1e-9, 1)] * 6,
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    assert best.success
    np.testing.assert_allclose(sinkhorn(cost, epsilon, 200).numpy().ravel(), best.x, atol=1e-5)


def test_more_iterations_cost_less_and_single_precision_holds():
    cost = costs(80, 400).float()
    values = [(ipot(cost, 0.5, n) * cost).sum().item() for n in (1, 5, 50)]
    assert values == sorted(values, reverse=True)
    plan = ipot(cost, 0.5, 50)
    assert torch.isfinite(plan).all() and plan.sum().item() == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(plan.sum(dim=0), torch.full((400,), 1 / 400), rtol=1e-3, atol=0)
