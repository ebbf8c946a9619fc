"""The released DCID as stored in the reference folder."""

import torch

from cmg.methods import build
from cmg.methods.dcid.keys import CLUBS, CPC, DECODER, ENCODER, TEXT
from cmg.methods.keys import own_names
from cmg.methods.types import Batch, Draws
from tests.methods.reference import load

FILES = {"state_encoder": ENCODER, "state_text_lstm": TEXT, "state_decoder": DECODER, "state_cpc": CPC}
FILES |= {f"state_club_{m}": table for m, table in CLUBS.items()}
MODALITIES = ("audio", "video", "text")
PERMUTATION = torch.tensor([2, 0, 3, 1])
BUFFERS = ("embedding", "ema_count", "ema_weight", "unactivated_count")
NO_RESET = {"reset": torch.zeros(400, dtype=torch.float64), "noise": torch.zeros(400, 256, dtype=torch.float64)}


def read_inputs(folder):
    x = load(folder, "inputs")
    return Batch(x["audio"], x["video"], x["words"], torch.ones(x["words"].shape[:2], dtype=torch.bool))


def released(folder, **options):
    """The released model with the stored weights and codebook, without dropout, in float64."""
    method = build("dcid", {"variant": "release", "specific_channels": 64, "dropout": 0.0, **options}).double()
    state = {k: v for name, table in FILES.items() for k, v in own_names(load(folder, name), table).items()}
    result = method.load_state_dict(state, strict=False)
    assert result.missing_keys == ["quantizer.hits"] and not result.unexpected_keys
    return method


def set_buffers(quantizer, arrays):
    for name in BUFFERS:
        if f"{name}_before" in arrays:
            getattr(quantizer, name).copy_(arrays[f"{name}_before"])


def buffers(quantizer, suffix="_after"):
    return {f"{name}{suffix}": getattr(quantizer, name) for name in BUFFERS}


def resetting(arrays):
    """The draws that make the released reset's choices, as far as the file records them."""
    uniform, noise = NO_RESET["reset"].clone(), NO_RESET["noise"].clone()
    if "reset_source_rows" in arrays:
        idle = torch.where(used(arrays), 0, arrays["unactivated_count_before"] + 1)
        active = torch.nonzero((idle >= 0) & (idle < 100)).flatten()
        position = torch.searchsorted(active, arrays["reset_source_rows"])
        uniform[arrays["reset_rows"]] = (position.double() + 0.5) / len(active)
        noise[arrays["reset_rows"]] = arrays["reset_noise"]
    return Draws(reset=uniform, noise=noise)


def used(arrays):
    chosen = torch.cat([arrays[f"{m}_indices"].flatten() for m in MODALITIES])
    return torch.bincount(chosen, minlength=400) > 0
