"""Files joined byte by byte: sound is read part by part, whatever the form of each; films are refused."""

import numpy as np
import pytest

from cmg.media.audio import AudioTask, decode_audio
from cmg.media.failure import MediaFailure
from cmg.media.joined import parts_of
from cmg.media.source import Source
from cmg.media.video import VideoTask, decode_video
from cmg.media.window import Window
from tests.media.films import make_numbered, make_tones, tones_of

RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
OF_AC3 = (32_000, 44_100, 48_000)
NARROW, WIDE = ("mono", "stereo"), ("mono", "stereo", "5.1")
CODECS = {  # of a container: codec, rates, layouts, sample formats
    "flac": ("flac", RATES, WIDE, ("s16", "s32")),
    "ogg flac": ("flac", RATES, NARROW, ("s16", "s32")),
    "ogg opus": ("libopus", (48_000,), WIDE, (None,)),
    "wav": ("pcm_s16le", RATES, WIDE, (None,)),
    "avi": ("pcm_s24le", RATES, NARROW, (None,)),
    "adts": ("aac", RATES, WIDE, (None,)),
    "mp3": ("libmp3lame", RATES, NARROW, (None,)),
    "mp2": ("mp2", RATES, NARROW, (None,)),
    "ac3": ("ac3", OF_AC3, WIDE, (None,)),
    "eac3": ("eac3", OF_AC3, WIDE, (None,)),
}


def join(root, name: str, seed: int) -> list[tuple[int, str, str | None]]:
    """Two or three parts of two seconds each, of random forms, as `film`; the forms."""
    codec, *choices = CODECS[name]
    generator = np.random.default_rng([seed, *name.encode()])
    forms = [tuple(each[generator.integers(len(each))] for each in choices) for _ in range(generator.integers(2, 4))]
    data = b""
    for number, (rate, layout, shape) in enumerate(forms):
        make_tones(root / "part", codec, rate, layout, (2 * number, 2 * number + 1), name.split()[0], shape)
        data += (root / "part").read_bytes()
    (root / "film").write_bytes(data)
    return forms


def hear(root, duration: float | None = None):
    return decode_audio(AudioTask(Source(str(root), "film"), Window(duration=duration, seconds=10)))


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("seed", range(4))
def test_joined_sound_is_heard_part_by_part(tmp_path, name, seed):
    forms = join(tmp_path, name, seed)
    found = hear(tmp_path)
    assert found.valid == 2 * len(forms) and found.rate in {rate for rate, _, _ in forms}
    assert tones_of(found.array, found.rate, found.valid) == list(range(2 * len(forms)))
    changed = len({(rate, layout) for rate, layout, _ in forms}) > 1
    assert not changed or "rate_changed" in {remark.kind for remark in found.remarks}


@pytest.mark.parametrize("name", ["flac", "ogg flac", "wav"])
def test_joined_sound_counts_in_how_long_the_file_is(tmp_path, name):
    join(tmp_path, name, 0)
    with pytest.raises(MediaFailure, match="ambiguous.* and the clip 1 s"):
        hear(tmp_path, 1.0)


@pytest.mark.parametrize(("form", "codec"), [("avi", "mpeg4"), ("ogg", "libvpx"), ("matroska", "libx264")])
def test_joined_films_are_refused(tmp_path, form, codec):
    make_numbered(tmp_path / "film", codec, 50, 25, container_format=form)
    data = (tmp_path / "film").read_bytes()
    (tmp_path / "film").write_bytes(data + data)
    with pytest.raises(MediaFailure, match="unreadable.*start anew"):
        decode_video(VideoTask(Source(str(tmp_path), "film"), Window(duration=None)))


@pytest.mark.parametrize("data", [b"", b"RIFF", b"OggS\0", b"fLaC\0\0\0\x22", b"RIFF\0\0\0\0WAVE", b"OggS\0" * 9])
def test_a_file_that_is_but_a_beginning_is_one_part(tmp_path, data):
    (tmp_path / "film").write_bytes(data)
    assert parts_of(tmp_path / "film") == [tmp_path / "film"]
