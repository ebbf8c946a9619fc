"""Every frame is the one that reading in sequence gives: codecs, containers, GOP forms, grids, frames per second."""

import itertools

import numpy as np
import pytest

from cmg.media import fast_frames as reading
from cmg.media.container import open_container
from cmg.media.grid import official_indices
from cmg.media.source import Source
from cmg.media.timeline import read_timeline
from cmg.media.video import VideoTask, decode_video
from cmg.media.window import Window
from tests.media.films import make_numbered, number_of

FPS, SECONDS = 25, 3
X264 = {
    "closed": "keyint=12:bframes=3",
    "open": "keyint=12:open-gop=1:bframes=3:scenecut=0",
    "pyramid": "keyint=25:bframes=5:b-adapt=0:b-pyramid=normal",
    "refresh": "keyint=15:intra-refresh=1:bframes=0",
    "single": "keyint=infinite:bframes=2",
    "plain": "keyint=10:bframes=0",
    "fields": "keyint=12:bframes=2:tff=1",
}
X265 = {
    "open": "keyint=12:open-gop=1:bframes=4",
    "closed": "keyint=12:open-gop=0:bframes=4",
    "single": "keyint=250:bframes=3",
}
MPEG = {
    "closed": {"g": "12", "bf": "2", "flags": "+cgop", "sc_threshold": "1000000000"},
    "open": {"g": "12", "bf": "2"},
    "single": {"g": "600", "bf": "0"},
}
VPX = {"altref": {"auto-alt-ref": "1", "lag-in-frames": "16", "g": "30", "deadline": "realtime", "cpu-used": "8"}}
FORMS = {
    "libx264": {name: {"x264-params": value, "preset": "veryfast"} for name, value in X264.items()},
    "libx265": {
        name: {"x265-params": f"log-level=none:{value}", "preset": "ultrafast"} for name, value in X265.items()
    },
    "mpeg4": {"closed": MPEG["closed"], "open": MPEG["open"], "single": MPEG["single"]},
    "mpeg2video": MPEG,
    "mpeg1video": {"open": MPEG["open"]},
    "libvpx": VPX,
    "libvpx-vp9": VPX,
    "wmv2": {"single": {"g": "600"}},
    "mjpeg": {"intra": {}},
    "ffv1": {"intra": {}},
}
CONTAINERS = {
    "libx264": ("mp4", "mkv", "avi", "ts", "flv", "mov", "h264"),
    "libx265": ("mp4", "mkv", "ts", "hevc"),
    "mpeg4": ("avi", "mp4", "mkv"),
    "mpeg2video": ("mpg", "ts", "avi", "mkv", "vob"),
    "mpeg1video": ("mpg",),
    "libvpx": ("webm",),
    "libvpx-vp9": ("webm", "mp4"),
    "wmv2": ("wmv",),
    "mjpeg": ("avi",),
    "ffv1": ("mkv",),
}
FILMS = [
    (codec, form, suffix)
    for codec, forms in FORMS.items()
    for form, suffix in itertools.product(forms, CONTAINERS[codec])
]


def decode(root, name, **window):
    return decode_video(VideoTask(Source(str(root), name), Window(duration=float(SECONDS), seconds=SECONDS, **window)))


def numbers(frames):
    return [number_of(frame) for frame in frames]


@pytest.mark.parametrize(("codec", "form", "suffix"), FILMS)
def test_every_frame_is_the_one_that_its_number_says(tmp_path, codec, form, suffix, monkeypatch):
    name = f"film.{suffix}"
    make_numbered(
        tmp_path / name, codec, FPS * SECONDS, FPS, "yuvj420p" if codec == "mjpeg" else "yuv420p", FORMS[codec][form]
    )
    for rate in (1, 2, 4, 16):
        official = official_indices(FPS * SECONDS, SECONDS, rate).tolist()
        instants = [int((second + step / rate) * FPS + 1e-6) for second in range(SECONDS) for step in range(rate)]
        found = decode(tmp_path, name, frames_per_second=rate)
        assert (numbers(found.array), found.valid) == (official, SECONDS)
        assert numbers(decode(tmp_path, name, frames_per_second=rate, grid="timestamp").array) == instants
    assert np.array_equal(decode(tmp_path, name, frames_per_second=16, grid="count").array, found.array)
    monkeypatch.setattr(reading, "_decord", lambda: None)
    assert np.array_equal(decode(tmp_path, name, frames_per_second=16).array, found.array)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    root = tmp_path_factory.mktemp("film")
    make_numbered(root / "film.mp4", "libx264", FPS * SECONDS, FPS, options=FORMS["libx264"]["open"])
    return root


def only_decord(monkeypatch):
    def refuse(*args):
        raise AssertionError("PyAV read the film")

    monkeypatch.setattr("cmg.media.video.with_pyav", refuse)


@pytest.mark.skipif(reading._decord() is None, reason="decord is not installed")
def test_decord_reads_a_regular_film(film, monkeypatch):
    only_decord(monkeypatch)
    assert numbers(decode(film, "film.mp4", frames_per_second=16).array) == official_indices(75, 3, 16).tolist()
    with pytest.raises(AssertionError, match="PyAV read"):  # it converts every frame, so it is not asked for a few
        decode(film, "film.mp4", frames_per_second=1)


class Pretender:
    """A reader like decord's that gives other frames than the film's."""

    class DECORDError(Exception):
        """As decord's."""

    def __init__(self, frames):
        self.frames = frames

    def VideoReader(self, path, num_threads):  # noqa: N802
        return self

    def __len__(self):
        return FPS * SECONDS

    def next(self):
        if not self.frames:
            raise self.DECORDError("cannot")
        frame = self.frames.pop(0)
        return type("Array", (), {"asnumpy": lambda self: frame})()


@pytest.mark.parametrize("what", ["breaks off", "fills up", "another picture"])
def test_what_decord_does_not_prove_is_read_by_pyav(film, monkeypatch, what):
    true = list(decode(film, "film.mp4", frames_per_second=FPS).array)
    given = {
        "breaks off": true[:40],
        "fills up": [*true[:40], *true[41:], true[-1]],
        "another picture": [255 - frame for frame in true],
    }
    monkeypatch.setattr(reading, "_decord", lambda: Pretender(given[what]))
    assert numbers(decode(film, "film.mp4", frames_per_second=16).array) == official_indices(75, 3, 16).tolist()


def test_a_still_end_is_no_proof_for_decord(film, monkeypatch):
    true = list(decode(film, "film.mp4", frames_per_second=FPS).array)
    monkeypatch.setattr(reading, "_decord", lambda: Pretender([*true[:-1], true[-2]]))
    only_decord(monkeypatch)
    with pytest.raises(AssertionError, match="PyAV read"):
        decode(film, "film.mp4", frames_per_second=16)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("codec", "form", "name"), [("libx264", "closed", "a.mp4"), ("mpeg4", "open", "a.avi")])
def test_damage_that_its_decoder_reports_is_left_to_pyav(tmp_path, monkeypatch, codec, form, name, seed):
    make_numbered(tmp_path / name, codec, FPS * SECONDS, FPS, options=FORMS[codec][form])
    with open_container(tmp_path / name) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size > 40]
    data = bytearray((tmp_path / name).read_bytes())
    generator = np.random.default_rng(seed)
    for place, size in (places[number] for number in generator.choice(np.arange(1, len(places)), 3, replace=False)):
        data[place + size // 2 : place + size] = generator.bytes(size - size // 2)
    (tmp_path / name).write_bytes(data)
    track = read_timeline(tmp_path / name).picture
    assert track.regular and reading.with_decord(tmp_path / name, track, {0}) is None
    found = [decode(tmp_path, name, frames_per_second=FPS).array for _ in range(4)]
    monkeypatch.setattr(reading, "_decord", lambda: None)
    for array in found:
        assert np.array_equal(array, decode(tmp_path, name, frames_per_second=FPS).array)


def test_the_seconds_of_a_clip_are_cut_out_of_the_whole_video(tmp_path):
    make_numbered(tmp_path / "whole.mkv", "libx264", 240, 10, options=FORMS["libx264"]["open"])
    window = Window(duration=4.0, seconds=4, frames_per_second=2, source_start=11.0)
    found = decode_video(VideoTask(Source(str(tmp_path), "whole.mkv"), window))
    assert numbers(found.array) == list(range(110, 150, 5)) and [remark.kind for remark in found.remarks] == [
        "longer_file_cut"
    ]
