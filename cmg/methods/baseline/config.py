"""Configuration of the baseline."""

from __future__ import annotations

from pydantic import Field

from cmg.methods.options import MovingCodebook
from cmg.methods.sizes import Sizes


class BaselineConfig(MovingCodebook, Sizes):
    """Sizes and codebook; a code is dead as soon as under FCID's `variant: paper`."""

    reset_after: int = Field(10, ge=1, description="steps without use after which a code is dead")
