"""Configuration of the baseline."""

from __future__ import annotations

from pydantic import Field

from cmg.methods.sizes import Sizes


class BaselineConfig(Sizes):
    beta: float = Field(0.25, ge=0, description="weight of the commitment")
    decay: float = Field(0.99, gt=0, lt=1, description="of the codebook's moving averages")
    reset_after: int = Field(40, ge=1, description="steps without use after which a code is dead")
