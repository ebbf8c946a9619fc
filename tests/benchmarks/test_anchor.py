"""The release of DCID starts on simulated features where its public log on the real 90K starts (one batch of 64, step
0)."""

import pytest
import torch

from benchmarks.simulated import Simulation
from cmg.methods import build

LOG = {"recon_video": 48.613, "recon_audio": 0.4911, "cpc": 26.287, "cmcm": 6.238}
LOG |= {f"commit_{m}": 0.7497 for m in ("video", "audio", "text")}


@pytest.fixture(scope="module")
def terms():
    """Of a narrow video branch: decoders return next to nothing at step 0, whatever their width."""
    torch.manual_seed(0)
    method = build("dcid", {"variant": "release", "specific_channels": 32, "decoder_channels": 32}).train()
    batch, _ = Simulation(classes=141, audio="before", words=(3, 8)).clips(64, 0)
    draws = method.draw(torch.Generator().manual_seed(0), batch.size, batch.seconds)
    with torch.no_grad():
        return method.loss(batch, draws, lambda closure: None).terms


@pytest.mark.parametrize("name", LOG)
def test_starts_within_ten_percent_of_the_log(terms, name):
    assert terms[name].item() == pytest.approx(LOG[name], rel=0.1)


def test_text_starts_near_the_log(terms):
    # an untrained BiLSTM's own scale, by its random weights
    assert terms["recon_text"].item() == pytest.approx(0.0041, rel=0.25)


@pytest.mark.parametrize("modality", ["audio", "video", "text"])
def test_bounds_start_at_zero(terms, modality):
    assert abs(terms[f"club_{modality}"].item()) < 0.01
