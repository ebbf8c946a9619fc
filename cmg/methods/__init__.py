"""Methods by name; a module is imported when its method is asked for.

build("fcid", {"codebook_size": 400}) -> Method
config_class("fcid") -> its frozen pydantic model (unknown keys are rejected)
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from cmg.methods.base import Method

METHODS = {  # a folder each: `model`, its `config` beside it, and what it alone uses
    "fcid": "cmg.methods.fcid.model:FCID",  # fine and coarse information disentangling (ACL Findings 2025)
    "dcid": "cmg.methods.dcid.model:DCID",  # dual cross-modal information disentangling, one codebook for all modalities (NeurIPS 2023)
    "micu": "cmg.methods.micu.model:MICU",  # DCID with masked InfoNCE and jigsaw puzzles instead of CLUB and CPC (ICCV 2025)
    "codaar": "cmg.methods.codaar.model:CoDAAR",  # a codebook per modality with aligned rows (2026)
    "cmcm": "cmg.methods.cmcm.model:CMCM",  # contrastive features and code matching, the codebook joining after a warm start (2021)
    "simmmdg": "cmg.methods.simmmdg.model:SimMMDG",  # shared and specific halves, vectors without a codebook (NeurIPS 2023)
    "codis": "cmg.methods.codis.model:CODIS",  # prototypes by optimal transport, taught by a moving average of the encoders (2022)
    "turn": "cmg.methods.turn.model:TURN",  # product codebook, hidden seconds restored from the code of another modality (2022)
    "baseline": "cmg.methods.baseline.model:Baseline",  # same encoders and codebook, reconstruction and commitment only
    "infonce_kmeans": "cmg.methods.infonce_kmeans.model:InfoNCEKMeans",  # control: continuous features, k-means codebook afterwards
}


def _place(name: str) -> tuple[str, str]:
    if name not in METHODS:
        near = get_close_matches(name, METHODS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise KeyError(f"unknown method '{name}'{hint} (known: {', '.join(METHODS)})")
    module, _, attribute = METHODS[name].partition(":")
    return module, attribute


def method_class(name: str) -> type[Method]:
    """The class registered under `name`; KeyError names the nearest one."""
    module, attribute = _place(name)
    return getattr(import_module(module), attribute)


def config_class(name: str) -> type[BaseModel]:
    """The configuration model of a method, imported without the method: no torch. KeyError as above."""
    module, attribute = _place(name)
    return getattr(import_module(f"{module.rpartition('.')[0]}.config"), f"{attribute}Config")


def build(name: str, config: Mapping[str, Any]) -> Method:
    """A method with fresh weights (torch's global generator) from a plain mapping of its parameters."""
    chosen = method_class(name)
    return chosen(chosen.Config.model_validate(dict(config)))
