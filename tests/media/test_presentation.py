"""When a picture is shown, in formats that say so, in those that say but when it is decoded, and in those that say
nothing."""

import itertools
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from cmg.media.audio import AudioTask, decode_audio
from cmg.media.failure import MediaFailure
from cmg.media.grid import official_indices
from cmg.media.source import Source
from cmg.media.timeline import read_timeline
from cmg.media.video import VideoTask, decode_video
from cmg.media.window import Window
from tests.media.films import NUMBERED, bars, colour_of, make_colours, make_numbered, number_of, tones_of

MPEG = [
    {"g": "12", "bf": "2"},
    {"g": "600", "bf": "0"},
    {"g": "6", "bf": "1", "flags": "+cgop", "sc_threshold": "1000000000"},
]
X264 = [
    {"preset": "veryfast", "x264-params": f"keyint=12:{form}"}
    for form in ("bframes=3:open-gop=1", "bframes=0", "bframes=1:b-pyramid=none")
]
X265 = [
    {"preset": "ultrafast", "x265-params": f"log-level=none:keyint=12:{form}"}
    for form in ("bframes=3:open-gop=1", "bframes=0")
]
VPX = [{"auto-alt-ref": "1", "lag-in-frames": "16", "g": "30", "deadline": "realtime", "cpu-used": "8"}]
FORMS = {
    "mpeg1video": MPEG,
    "mpeg2video": MPEG,
    "mpeg4": MPEG,
    "libx264": X264,
    "libx265": X265,
    "libvpx": VPX,
    "libvpx-vp9": VPX,
    "mjpeg": [{}],
}
STAMPED = "matroska mp4 mov mpegts nut"
CONTAINERS = {
    "mpeg1video": f"avi asf mpeg1video mpeg vob {STAMPED}",
    "mpeg2video": f"avi asf mpeg2video mpeg svcd mxf wtv {STAMPED}",
    "mpeg4": f"avi asf m4v mpeg 3gp {STAMPED}",
    "libx264": f"avi asf h264 mpeg flv {STAMPED}",
    "libx265": "hevc mpeg mp4 matroska mpegts",
    "libvpx": "avi asf webm ivf ogg",
    "libvpx-vp9": "avi webm mp4 ivf",
    "mjpeg": "avi asf matroska mov",
}
PAIRS = [(codec, form) for codec, forms in CONTAINERS.items() for form in forms.split()]
PACKETS = (
    "mpeg",
    "vob",
    "svcd",
)  # of 2048 bytes: of dozens of tiny pictures in one FFmpeg loses count, so there are few
RATES = (24, 25, 30, 50, 60)
SECONDS = 2


def decode(root, seconds=SECONDS, **window):
    return decode_video(
        VideoTask(Source(str(root), "film"), Window(duration=float(seconds), seconds=seconds, **window))
    )


def numbers(found):
    return [number_of(frame) for frame in found.array]


@pytest.mark.parametrize(("place", "codec", "form"), [(place, *pair) for place, pair in enumerate(PAIRS)])
def test_every_picture_is_the_one_on_screen(tmp_path, place, codec, form):
    """Each container of each codec with one of its GOP forms and one rate, all grids and numbers of frames."""
    fps = 25 if form in PACKETS else RATES[place % len(RATES)]
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    make_numbered(tmp_path / "film", codec, SECONDS * fps, fps, pix_fmt, FORMS[codec][place % len(FORMS[codec])], form)
    for rate, grid in itertools.product((1, 2, 4, 16), ("official", "count", "timestamp")):
        found = decode(tmp_path, frames_per_second=rate, grid=grid)
        instants = [int(step * fps / rate + 0.02) for step in range(SECONDS * rate)]
        right = instants if grid == "timestamp" else official_indices(SECONDS * fps, SECONDS, rate).tolist()
        assert (numbers(found), found.valid, found.remarks) == (right, SECONDS, ()), (rate, grid)


@pytest.mark.parametrize("form", ["avi", "mpeg1video", "asf"])
def test_mpeg_1_without_stamps_is_not_a_picture_late(tmp_path, form):
    make_numbered(tmp_path / "film", "mpeg1video", 75, 25, options=MPEG[0], container_format=form)
    found = decode(tmp_path, 3, frames_per_second=25, grid="timestamp")
    assert numbers(found) == list(range(75))


@pytest.mark.parametrize(
    ("codec", "form"),
    [("mpeg1video", "avi"), ("mpeg1video", "asf"), ("mpeg2video", "avi"), ("mpeg4", "asf"), ("mpeg4", "avi")],
)
@pytest.mark.parametrize("options", MPEG[:2])
def test_a_picture_stays_where_those_after_it_are_left_out(tmp_path, codec, form, options):
    times = np.cumsum([0, *np.random.default_rng(3).choice([1, 1, 1, 1, 2, 7], 59)]).tolist()
    make_numbered(tmp_path / "film", codec, 60, 25, options=options, container_format=form, times=times)
    found = decode(tmp_path, 4, frames_per_second=5, grid="timestamp")
    assert numbers(found) == [int(np.searchsorted(times, 5 * step, side="right")) - 1 for step in range(20)]


@pytest.mark.parametrize("codec", ["mpeg1video", "mpeg2video", "mpeg4"])
def test_the_pictures_of_an_avi_are_those_of_its_sound(tmp_path, codec):
    make_colours(tmp_path / "film", 4, 25, codec, "pcm_s16le", "avi")
    picture = decode(tmp_path, 4, frames_per_second=25, grid="timestamp")
    sound = decode_audio(AudioTask(Source(str(tmp_path), "film"), Window(duration=4.0, seconds=4)))
    assert [colour_of(frame) for frame in picture.array] == np.repeat(range(4), 25).tolist()
    assert tones_of(sound.array, sound.rate, 4) == list(range(4))


@pytest.mark.parametrize(
    ("codec", "form"),
    [("mpeg1video", "mpeg1video"), ("mpeg2video", "mpeg2video"), ("libx264", "h264"), ("mpeg4", "m4v")],
)
@pytest.mark.parametrize("share", [0.54, 0.7])
def test_a_raw_stream_that_is_cut_off_keeps_what_is_before(tmp_path, codec, form, share):
    make_numbered(tmp_path / "film", codec, 100, 30, options=FORMS[codec][0], container_format=form)
    data = (tmp_path / "film").read_bytes()
    (tmp_path / "film").write_bytes(data[: int(len(data) * share)])
    found = decode(tmp_path, 3, frames_per_second=15, grid="timestamp")
    assert found.valid >= 1 and numbers(found) == list(range(0, 30 * found.valid, 2))


def test_the_last_picture_of_mpeg_1_in_asf_is_shown_when_its_turn_comes(tmp_path):
    make_numbered(tmp_path / "film", "mpeg1video", 96, 24, options={"g": "6", "bf": "0"}, container_format="asf")
    found = decode(tmp_path, 4, frames_per_second=50, grid="timestamp")
    assert numbers(found) == [int(step * 24 / 50 + 0.02) for step in range(200)]


def test_a_program_stream_that_stamps_few_pictures_keeps_their_rate(tmp_path):
    """FFmpeg guesses 30000 a second here."""
    options = {"g": "600", "bf": "0"}
    make_numbered(tmp_path / "film", "mpeg4", 60, Fraction(30_000, 1001), options=options, container_format="mpeg")
    found = decode(tmp_path, frames_per_second=4)
    assert numbers(found) == official_indices(60, 2, 4).tolist() and found.remarks == ()


GAPPED = np.cumsum([0, *np.random.default_rng(5).choice([1, 1, 1, 1, 2, 7], 79)]).tolist()


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4", "mpeg2video"])
@pytest.mark.parametrize("place", range(2))
def test_pictures_left_out_of_a_program_stream(tmp_path, codec, place):
    """Of pictures that fill a pack each but a few have stamps of their own."""
    options = FORMS[codec][place]
    with av.open(str(tmp_path / "film"), "w", format="mpeg") as out:
        stream = out.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 176, 144, "yuv420p", 6_000_000
        for number, time in enumerate(GAPPED):
            noise = np.random.default_rng(number).integers(0, 255, (72, 176, 1)).repeat(3, axis=2)
            picture = np.concatenate([bars(number)[:8].repeat(9, axis=0)[:, np.arange(176) * 64 // 176], noise])
            frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    found = decode(tmp_path, 5, frames_per_second=5, grid="timestamp")
    right = [int(np.searchsorted(GAPPED, 5 * step, side="right")) - 1 for step in range(25)]
    assert numbers(found) == right and "rate_assumed" not in {remark.kind for remark in found.remarks}


def test_tiny_pictures_left_out_of_a_program_stream_are_counted_and_said(tmp_path):
    make_numbered(tmp_path / "film", "libx264", 80, 25, options=X264[1], container_format="mpeg", times=GAPPED)
    assert "rate_assumed" in {remark.kind for remark in decode(tmp_path, 5).remarks}


@pytest.mark.parametrize(("codec", "pix_fmt"), [("mjpeg", "yuvj420p"), ("msmpeg4v2", "yuv420p")])
def test_an_avi_does_not_tell_a_late_start_from_a_first_picture_that_is_held(tmp_path, codec, pix_fmt):
    """Why a late start without sound cannot be known."""
    for name, first in (("late", 16), ("held", 0)):
        make_numbered(tmp_path / name, codec, 20, 25, pix_fmt, None, "avi", [first, *range(17, 36)])
    assert (tmp_path / "late").read_bytes() == (tmp_path / "held").read_bytes()


def make_windows(path, options, times, fps=25):
    """MPEG-4 in Matroska with the code that it has in AVI: stamped with the places that it has there."""
    make_numbered(path.with_suffix(".avi"), "mpeg4", len(times), fps, options=options, times=times)
    with av.open(str(path.with_suffix(".avi"))) as source, av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        header = struct.pack("<IiiHH4sIiiII", 40, *NUMBERED, 1, 24, b"XVID", 0, 0, 0, 0, 0)
        stream.codec_context.extradata = header + (stream.codec_context.extradata or b"")
        packets = [packet for packet in source.demux() if packet.size]
        for packet in packets:
            packet.pts, packet.stream = packet.dts, stream
            out.mux(packet)
    data = path.read_bytes()
    assert data.count(b"V_MPEG4/ISO/ASP") == 1
    path.write_bytes(data.replace(b"V_MPEG4/ISO/ASP", b"V_MS/VFW/FOURCC"))


@pytest.mark.parametrize("between", [0, 1, 2])
@pytest.mark.parametrize("times", [range(80), GAPPED], ids=["even", "gapped"])
def test_video_for_windows_in_matroska(tmp_path, between, times):
    make_windows(tmp_path / "film", {"g": "12", "bf": str(between)}, list(times))
    here, there = read_timeline(tmp_path / "film"), read_timeline(tmp_path / "film.avi")
    np.testing.assert_allclose(here.zero + here.picture.times, there.zero + there.picture.times, atol=2e-3)
    found = decode(tmp_path, 5, frames_per_second=5, grid="timestamp")
    instants = 5 * np.arange(5 * found.valid)
    assert numbers(found) == (np.searchsorted(times, instants, side="right") - 1).tolist()


def test_a_raw_stream_without_a_rate_is_counted_and_said(tmp_path):
    make_numbered(tmp_path / "film", "mjpeg", 60, 30, "yuvj420p", container_format="mjpeg")
    found = decode(tmp_path, 2, frames_per_second=25, grid="timestamp")
    assert numbers(found) == list(range(50))
    assert [(remark.kind, remark.text.rpartition(" shown ")[2]) for remark in found.remarks] == [
        ("rate_assumed", "25 a second")
    ]


def test_a_stream_of_a_codec_that_ffmpeg_does_not_have_is_no_film(tmp_path):
    make_numbered(tmp_path / "film", "mjpeg", 20, 25, "yuvj420p", container_format="mpeg")
    with pytest.raises(MediaFailure, match="no_video"):
        decode(tmp_path)


@pytest.mark.parametrize("form", ["avi", "asf"])
@pytest.mark.parametrize("seed", range(4))
def test_where_a_file_does_not_tell_when_its_pictures_are_shown_a_remark_says_so(tmp_path, form, seed):
    """H.264 with B-frames and pictures left out: what is shown is at most a gap away."""
    times = np.cumsum([0, *np.random.default_rng(seed).choice([1, 1, 1, 1, 2, 4], 59)]).tolist()
    make_numbered(tmp_path / "film", "libx264", 60, 25, options=X264[0], container_format=form, times=times)
    found = decode(tmp_path, times[-1] // 25, frames_per_second=5, grid="timestamp")
    right = [int(np.searchsorted(times, 5 * step, side="right")) - 1 for step in range(len(numbers(found)))]
    assert "order_assumed" in {remark.kind for remark in found.remarks}
    assert np.abs(np.subtract(numbers(found), right)).max() <= 2
