"""Configuration of the continuous control."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmg.methods.sizes import Sizes


class InfoNCEKMeansConfig(Sizes):
    """`specific_channels` and `decoder_channels` are accepted, so that one set of sizes serves all methods, and not
    used."""

    similarity: Literal["cosine", "dot"] = "cosine"
    """sim of Eq. 16."""
    tau: float = Field(0.1, gt=0, description="temperature of InfoNCE")
    kmeans_vectors: int = Field(20_000, ge=2, description="most vectors per modality that k-means sees, evenly spaced")
    kmeans_seed: int = Field(0, ge=0)
