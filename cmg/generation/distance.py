"""Distances between two sets of pictures, from features of each.

N and M pictures, D features. The Fréchet distance is exact for N < D, where the usual matrix square root is not: with A
and B the centred features divided by sqrt(n - 1), tr (S1 S2)^(1/2) is the nuclear norm of A B^T (missing_tables.md,
section 0.7).
"""

import numpy as np


def frechet(one: np.ndarray, two: np.ndarray) -> float:
    """Fréchet distance of Gaussians fitted to [N, D] and [M, D] (Heusel et al. 2017): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1
    S2)^(1/2)).

    Covariances are unbiased; float64. Raises ValueError for fewer than two rows, other widths or values that are not
    finite.
    """
    one, two = _checked(one, two)
    means = one.mean(0), two.mean(0)
    a, b = ((x - mean) / np.sqrt(len(x) - 1) for x, mean in zip((one, two), means, strict=True))
    overlap = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(max(0.0, ((means[0] - means[1]) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * overlap))


def kernel(one: np.ndarray, two: np.ndarray) -> float:
    """Kernel distance (KID, Binkowski et al. 2018): unbiased squared MMD of all rows with the kernel (x.y / D + 1)^3;
    may be negative.

    Shapes, dtypes and errors as `frechet`.
    """
    one, two = _checked(one, two)
    within = [_polynomial(x, x) for x in (one, two)]
    own = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within]
    return float(own[0] + own[1] - 2 * _polynomial(one, two).mean())


def spread(one: np.ndarray, two: np.ndarray, draws: int, seed: int) -> float:
    """Standard deviation of `frechet` over bootstrap samples of pairs (row i of both together). [N, D] each.

    Only the deviation means something: resampling with replacement raises the distance itself.
    """
    generator = np.random.default_rng(seed)
    rows = generator.integers(len(one), size=(draws, len(one)))
    return float(np.std([frechet(one[chosen], two[chosen]) for chosen in rows], ddof=1))


def _polynomial(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return (one @ two.T / one.shape[1] + 1) ** 3


def _checked(*sets: np.ndarray) -> list[np.ndarray]:
    found = [np.asarray(features, dtype=np.float64) for features in sets]
    shapes = [features.shape for features in found]
    if any(len(shape) != 2 or shape[0] < 2 for shape in shapes) or len({shape[1] for shape in shapes}) > 1:
        raise ValueError(f"distance: expected two sets [N >= 2, D] of one width, found shapes {shapes}")
    if not all(np.isfinite(features).all() for features in found):
        raise ValueError("distance: features hold values that are not finite")
    return found
