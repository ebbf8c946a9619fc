import numpy as np
import pytest
import torch

from cmg.media.audio import AudioTask, decode_audio, to_16k
from cmg.media.failure import MediaFailure
from cmg.media.source import Source
from cmg.media.window import Window
from tests.media.tiny import RATE, make_video, make_wav, tone


def decode(root, name, **options):
    return decode_audio(AudioTask(Source(str(root), name), Window(**options)))


def test_wav_channels_are_averaged_at_the_native_rate(tmp_path):
    left, right = tone(2.5), tone(2.5, 1000.0)
    make_wav(tmp_path / "stereo.wav", np.stack([left, right]))
    found = decode(tmp_path, "stereo.wav")
    assert found.rate == RATE and found.array.dtype == np.float32 and found.valid == 2
    assert len(found.array) == len(left)
    np.testing.assert_allclose(found.array, (left + right) / 2, atol=2e-4)


def test_aac_in_mp4(tmp_path):
    make_video(tmp_path / "clip.mp4", frames=50)
    found = decode(tmp_path, "clip.mp4")
    assert found.valid == 2 and abs(len(found.array) / RATE - 2.0) < 0.05
    middle = found.array[RATE // 2 : RATE]
    assert abs(np.abs(middle).max() - 0.3) < 0.02  # mean of 0.4 and 0.2
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 440 // 2


def test_start_and_duration_cut_a_window(tmp_path):
    ramp = np.linspace(-0.9, 0.9, 4 * 8000, dtype=np.float32)[None]
    make_wav(tmp_path / "ramp.wav", ramp, rate=8000)
    found = decode(tmp_path, "ramp.wav", start=1.5, duration=2.0)
    np.testing.assert_allclose(found.array, ramp[0, 12000:28000], atol=1e-3)
    assert found.valid == 2
    assert len(decode(tmp_path, "ramp.wav", duration=None).array) == 4 * 8000
    assert len(decode(tmp_path, "ramp.wav", duration=None, seconds=3).array) == 3 * 8000


def test_bad_sound_says_what_it_is(tmp_path):
    make_video(tmp_path / "mute.mp4", frames=5, sound=False)
    make_wav(tmp_path / "short.wav", tone(0.5)[None])
    make_wav(tmp_path / "nothing.wav", np.zeros((1, 0), np.float32))
    (tmp_path / "noise.wav").write_bytes(b"RIFF" + bytes(range(256)) * 9)

    def kind(name, **options):
        with pytest.raises(MediaFailure) as caught:
            decode(tmp_path, name, **options)
        assert name in caught.value.reason
        return caught.value.kind

    assert kind("mute.mp4") == "no_audio"
    assert kind("short.wav", start=3.0) == "empty"
    assert kind("nothing.wav") in {"empty", "no_audio", "unreadable"}
    assert kind("noise.wav") == "unreadable"
    assert kind("gone.wav") == "missing"


@pytest.mark.parametrize(("rate", "taken"), [(22_255, True), (44_100, True), (44_101, False)])
def test_a_rate_whose_resampling_filter_would_fill_memory_is_refused(tmp_path, rate, taken):
    make_wav(tmp_path / "odd.wav", tone(1.0, rate=rate)[None], rate=rate)
    if taken:
        found = to_16k(torch.from_numpy(decode(tmp_path, "odd.wav").array), rate)
        assert abs(found.shape[-1] - 16_000) <= 1
        return
    with pytest.raises(MediaFailure, match="44101 samples a second") as caught:
        decode(tmp_path, "odd.wav")
    assert caught.value.kind == "unreadable"


def test_resampling_keeps_a_tone_and_its_length():
    found = to_16k(torch.from_numpy(tone(1.0)), RATE)
    assert found.shape == (16_000,)
    inner = slice(1000, 15_000)
    np.testing.assert_allclose(found.numpy()[inner], tone(1.0, rate=16_000)[inner], atol=2e-3)
    same = torch.zeros(5)
    assert to_16k(same, 16_000) is same
