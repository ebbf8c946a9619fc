"""Codebooks as they are: how alike codes are before and after TOC (the paper's Figure 8), and where CoDAAR's three
stand.

K codes, D code dimensions, Q kept dimensions, M modalities.
"""

from collections.abc import Sequence

import numpy as np

from cmg.tasks.retrieval import cosine


def similarity(book: np.ndarray, dims: np.ndarray | None = None) -> np.ndarray:
    """Cosine between codes, [K, K]; with `dims` [Q] on these dimensions alone (the released figure's selection after
    TOC)."""
    kept = book if dims is None else book[:, dims]
    return cosine(kept, kept)


def segments(book: np.ndarray, modalities: int) -> list[np.ndarray]:
    """CoDAAR's codebook [K, M D] as one codebook [K, D] per modality, in its order video, audio, text."""
    if book.shape[1] % modalities:
        raise ValueError(f"a codebook of {book.shape[1]} dimensions does not divide into {modalities} modalities")
    return np.split(book, modalities, axis=1)


def project(books: Sequence[np.ndarray], components: int = 2) -> np.ndarray:
    """Codes of all books on their common principal axes, [M, K, components]: L2-normalised, centred on the mean of all.

    Signs are fixed (the largest loading is positive), so that the same codebooks give the same picture.
    """
    stacked = np.concatenate([book.astype(np.float64) for book in books])
    norm = np.linalg.norm(stacked, axis=1, keepdims=True)
    centred = stacked / np.where(norm > 0, norm, 1)
    centred -= centred.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:components]
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    return (centred @ axes.T).reshape(len(books), -1, components)
