"""Simulated features against the statistics that real ones are known to have."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.simulated import SQUARES, Simulation
from cmg.nn.text import TextBiLSTM


@pytest.fixture(scope="module")
def world():
    return Simulation()


@pytest.fixture(scope="module")
def clips(world):
    return world.clips(112, 1)


def test_shapes_are_official(clips):
    batch, labels = clips
    assert (
        batch.video.shape == (112, 10, 7, 7, 512)
        and batch.audio.shape == (112, 10, 128)
        and batch.text.shape == (112, 10, 768)
    )
    assert labels.dtype == torch.int64 and labels.max() < 28


def test_video_is_as_measured_on_the_papers_corpus(clips):
    """E[x^2] reads 44 to 50 off single batches of the real log; most numbers are zero, and large ones are rare."""
    video = clips[0].video
    assert 44 < video.square().mean() < 53
    assert video.min() == 0 and 0.6 < (video == 0).float().mean() < 0.8
    assert 0.2 < video.mean() / video.std() < 0.4


def test_sound_after_the_last_relu_is_as_released(clips):
    audio = clips[0].audio
    assert audio.min() == 0 and (audio == 0).float().mean() == pytest.approx(0.653, abs=0.03)
    assert audio.mean() == pytest.approx(0.1222, abs=0.02) and audio.std() == pytest.approx(0.2623, abs=0.03)
    assert (audio.amax(dim=(0, 1)) == 0).sum() == 1


def test_sound_before_it_is_signed_and_larger():
    audio = Simulation(audio="before").clips(64, 1)[0].audio
    assert audio.square().mean() == pytest.approx(SQUARES["before"], rel=0.1) and (audio < 0).float().mean() > 0.6


def test_text_gives_the_mean_square_that_the_real_log_starts_at():
    """0.0041, of an untrained BiLSTM's output over the 3 to 8 words that the released vocabulary leaves."""
    batch, _ = Simulation(classes=141, words=(3, 8)).clips(64, 1)
    torch.manual_seed(0)
    hidden = TextBiLSTM(mask_padding=False)(batch.text, batch.text_mask, 10)
    assert hidden.square().mean().item() == pytest.approx(0.0041, rel=0.15)


def test_a_sentence_is_that_of_the_class_and_zero_behind_its_last_word(clips):
    batch, labels = clips
    assert not batch.text[~batch.text_mask].any() and batch.text[batch.text_mask].any(dim=-1).all()
    assert batch.text_lengths.tolist() == batch.text_mask.sum(dim=1).tolist()
    same = torch.cdist(batch.text.flatten(1), batch.text.flatten(1)) < 0.1
    assert torch.equal(same, labels[:, None] == labels[None])


def test_clips_are_functions_of_their_seed(world, clips):
    again, other = world.clips(4, 1)[0], world.clips(4, 2)[0]
    assert torch.equal(again.audio, world.clips(4, 1)[0].audio) and not torch.equal(again.video, other.video)


def test_classes_are_named_as_well_as_real_ones_and_clips_of_one_differ(world, clips):
    """The papers' same-modality bounds are 65 to 85 %."""
    fitted, labels = world.clips(224, 3)
    for modality in ("video", "audio"):
        seen, unseen = (_clip_means(batch, modality) for batch in (fitted, clips[0]))
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000)).fit(seen, labels)
        assert 0.45 < head.score(unseen, clips[1]) < 0.9


def _clip_means(batch, modality):
    x = getattr(batch, modality)
    return x.mean(dim=tuple(range(1, x.ndim - 1))).numpy()
