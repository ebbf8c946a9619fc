"""Names of parameters and buffers in released checkpoints, and in ours (`variant: release`): what the methods' `keys`
have in common.

A released checkpoint holds a state dictionary per module. A table maps the beginning of our names to that of the
released ones; `MODULES` of a method's `keys` names the table of every module that its published files hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

MODALITIES = ("audio", "video", "text")
BLOCK = {"conv3": "stack.0.res_block.1", "conv1": "stack.0.res_block.3"}
"""Convolutions of a residual block."""
TEXT = {"encoder.text.lstm.": ""}
"""The text BiLSTM of DCID, MICU and CoDAAR."""
TEMPLATE = ".encoder_layer."
"""Released temporal modules also hold an unused, untrained copy of their layer under this name; it is not part of
ours."""


def cpc(modalities: tuple[str, ...]) -> dict[str, str]:
    """Table of the CPC networks."""
    lstm = {f"predictive.lstm.{m}.": f"{m}_ar_lstm." for m in modalities}
    return lstm | {f"predictive.predictors.{m}.": f"{m}_predictors." for m in modalities}


def own_names(released: Mapping[str, T], table: Mapping[str, str]) -> dict[str, T]:
    """Rename released keys to ours. Template layers are left out; a key that the table does not know is a KeyError."""
    back = {theirs: own for own, theirs in table.items()}
    return {_renamed(key, back): value for key, value in released.items() if TEMPLATE not in key}


def released_names(own: Mapping[str, T], table: Mapping[str, str]) -> dict[str, T]:
    """Rename the keys of ours that belong to one released module; others are left out."""
    return {
        _renamed(key, table): value for key, value in own.items() if any(key.startswith(prefix) for prefix in table)
    }


def _renamed(key: str, table: Mapping[str, str]) -> str:
    for prefix, other in table.items():
        if key.startswith(prefix):
            return other + key[len(prefix) :]
    raise KeyError(f"'{key}' is no name of a parameter (expected one that begins with {', '.join(table)})")
