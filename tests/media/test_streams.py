"""Which stream counts, how it is turned, and streams whose form changes or is unusual."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from cmg.media.audio import AudioTask, decode_audio
from cmg.media.container import open_container
from cmg.media.failure import MediaFailure
from cmg.media.source import Source
from cmg.media.video import VideoTask, decode_video
from cmg.media.window import Window
from tests.media.films import bars, make_numbered, make_tones, number_of, tones_of
from tests.media.tiny import make_video, tone

TWO = Window(duration=None, frames_per_second=1, seconds=2)


def see(root: Path, name: str, window: Window = TWO):
    return decode_video(VideoTask(Source(str(root), name), window))


def hear(root: Path, name: str, window: Window = TWO):
    return decode_audio(AudioTask(Source(str(root), name), window))


def write(
    path: Path, pictures: list[tuple[int, int, str]] = (), sounds: list[tuple[float, str]] = (), rate: int = 44_100
) -> None:
    """pictures: (number of frames, number shown, disposition); sounds: (hertz, disposition), two seconds each."""
    with av.open(str(path), "w") as container:
        streams = []
        for frames, number, flags in pictures:
            stream = container.add_stream("libx264" if frames > 1 else "mjpeg", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p" if frames > 1 else "yuvj420p"
            stream.disposition = getattr(av.stream.Disposition, flags) if flags else av.stream.Disposition(0)
            streams.append((stream, [av.VideoFrame.from_ndarray(bars(number), format="rgb24") for _ in range(frames)]))
        for hertz, flags in sounds:
            stream = container.add_stream("aac", rate=rate, layout="mono")
            stream.disposition = getattr(av.stream.Disposition, flags) if flags else av.stream.Disposition(0)
            streams.append((stream, [sound(part, rate, start) for start, part in parts(tone(2.0, hertz, rate))]))
        for stream, frames in streams:
            for frame in frames:
                container.mux(stream.encode(frame))
            container.mux(stream.encode())


def parts(samples: np.ndarray):
    return [(start, samples[None, start : start + 1024]) for start in range(0, len(samples), 1024)]


def sound(part: np.ndarray, rate: int, start: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame


@pytest.mark.parametrize(
    ("pictures", "number"),
    [
        ([(20, 5, ""), (20, 9, "")], 5),
        ([(20, 5, ""), (20, 9, "default")], 9),
        ([(20, 5, "default"), (20, 9, "default")], 5),
        ([(1, 5, ""), (20, 9, "")], 9),
        ([(1, 5, "default"), (20, 9, "")], 9),
        ([(1, 5, "attached_pic"), (20, 9, "")], 9),
        ([(20, 9, ""), (1, 5, "attached_pic")], 9),
    ],
)
def test_the_film_is_chosen_first_the_default_one(tmp_path, pictures, number):
    write(tmp_path / "a.mkv", pictures)
    found = see(tmp_path, "a.mkv")
    assert [number_of(frame) for frame in found.array] == [number] * 2
    marked = any(flags == "attached_pic" for _, _, flags in pictures)
    assert marked or [remark.kind for remark in found.remarks] == ["stream_chosen"]


@pytest.mark.parametrize(("flags", "hertz"), [(("", ""), 440), (("", "default"), 880), (("default", "default"), 440)])
def test_the_sound_is_chosen_by_the_same_rule(tmp_path, flags, hertz):
    write(tmp_path / "a.mkv", [(20, 5, "default")], [(440.0, flags[0]), (880.0, flags[1])])
    found = hear(tmp_path, "a.mkv")
    spectrum = np.abs(np.fft.rfft(found.array[10_000 : 10_000 + found.rate]))
    assert spectrum.argmax() == hertz and [remark.kind for remark in found.remarks] == ["stream_chosen"]
    assert see(tmp_path, "a.mkv").remarks == ()


def test_a_still_without_a_film_is_the_picture_for_as_long_as_the_sound(tmp_path):
    write(tmp_path / "a.mkv", [(1, 7, "")], [(440.0, "")])
    found = see(tmp_path, "a.mkv")
    assert [number_of(frame) for frame in found.array] == [7, 7] and found.valid == 2
    assert "picture_held" in {remark.kind for remark in found.remarks}


def test_a_cover_alone_is_no_film(tmp_path):
    write(tmp_path / "a.mp4", [(1, 7, "attached_pic")], [(440.0, "")])
    with pytest.raises(MediaFailure, match="no_video"):
        see(tmp_path, "a.mp4")
    assert hear(tmp_path, "a.mp4").valid == 2


def test_tags_in_an_old_code_page_are_no_failure(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        container.metadata["title"] = "TITLE"
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        for number in range(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(bars(number), format="rgb24")))
        container.mux(stream.encode())
    data = (tmp_path / "a.mkv").read_bytes()
    assert b"TITLE" in data
    (tmp_path / "a.mkv").write_bytes(data.replace(b"TITLE", b"\xe9\xfc\xe8LE"))
    assert [number_of(frame) for frame in see(tmp_path, "a.mkv").array] == [0, 10]


ONE = 1 << 16
MATRICES = {  # a, b, c, d of the display matrix → what a player does to the decoded picture
    "90": ((0, ONE, -ONE, 0), lambda x: np.rot90(x, -1)),
    "180": ((-ONE, 0, 0, -ONE), lambda x: np.rot90(x, 2)),
    "270": ((0, -ONE, ONE, 0), np.rot90),
    "mirrored": ((-ONE, 0, 0, ONE), np.fliplr),
    "upside down": ((ONE, 0, 0, -ONE), np.flipud),
    "transposed": ((0, ONE, ONE, 0), lambda x: x.swapaxes(0, 1)),
    "the other diagonal": ((0, -ONE, -ONE, 0), lambda x: np.rot90(x, 2).swapaxes(0, 1)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_turned_and_mirrored_films_are_seen_upright(tmp_path, name):
    """The matrix is written into the track header; quarter turns are clockwise, as a phone writes them."""
    (a, b, c, d), seen = MATRICES[name]
    make_numbered(tmp_path / "plain.mp4", "libx264", 20, 10)
    data = bytearray((tmp_path / "plain.mp4").read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    assert struct.unpack(">9i", data[place : place + 36]) == (ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    (tmp_path / "turned.mp4").write_bytes(data)
    plain, turned = see(tmp_path, "plain.mp4"), see(tmp_path, "turned.mp4")
    np.testing.assert_array_equal(turned.array, np.stack([seen(frame) for frame in plain.array]))
    assert [remark.kind for remark in turned.remarks] == ["rotated"] and plain.remarks == ()


def test_a_rotation_of_90_in_the_matrix_is_the_one_that_pyav_names(tmp_path):
    make_numbered(tmp_path / "plain.mp4", "libx264", 20, 10)
    with open_container(tmp_path / "plain.mp4") as source, av.open(str(tmp_path / "turned.mp4"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)  # counterclockwise
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    plain, turned = see(tmp_path, "plain.mp4"), see(tmp_path, "turned.mp4")
    np.testing.assert_array_equal(turned.array, np.stack([np.rot90(frame) for frame in plain.array]))


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"),
    [
        ("gif", "gif", "rgb8"),
        ("mkv", "ffv1", "yuv420p10le"),
        ("mkv", "ffv1", "yuva420p"),
        ("mkv", "ffv1", "gray16le"),
        ("mp4", "libx264", "yuv420p10le"),
        ("mp4", "libx264", "yuv444p"),
        ("mov", "prores", "yuv422p10le"),
        ("mkv", "ffv1", "bgra"),
        ("apng", "apng", "rgb24"),
        ("mkv", "libsvtav1", "yuv420p"),
    ],
)
def test_unusual_pictures_show_their_numbers(tmp_path, suffix, codec, pix_fmt):
    make_numbered(tmp_path / f"a.{suffix}", codec, 40, 10, pix_fmt)
    found = see(tmp_path, f"a.{suffix}", Window(duration=4.0, seconds=4, frames_per_second=5))
    assert [number_of(frame) for frame in found.array] == list(range(0, 40, 2)) and found.valid == 4


def test_frames_that_change_their_size_are_brought_to_that_of_the_first(tmp_path):
    for number, size in enumerate([(64, 32), (128, 64)]):
        make_video(
            tmp_path / f"{number}.ts", frames=10, fps=10, sound=False, size=size, picture=lambda k, size: big(k, size)
        )
    with (
        open_container(tmp_path / "0.ts") as first,
        open_container(tmp_path / "1.ts") as second,
        av.open(str(tmp_path / "a.ts"), "w") as out,
    ):
        stream = out.add_stream_from_template(first.streams.video[0])
        for source, offset in ((first, 0), (second, 90_000)):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, stream
                    out.mux(packet)
    found = see(tmp_path, "a.ts", Window(duration=2.0, seconds=2, frames_per_second=10))
    assert found.array.shape == (20, 32, 64, 3) and [number_of(frame) for frame in found.array] == [
        *range(10),
        *range(10),
    ]


def big(number: int, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(bars(number)).resize(size, Image.Resampling.NEAREST))


@pytest.mark.parametrize(
    ("suffix", "codec", "layout", "rate"),
    [
        ("wav", "pcm_s16le", "mono", 44_100),
        ("wav", "pcm_s24le", "5.1", 48_000),
        ("wav", "pcm_f32le", "stereo", 22_050),
        ("wav", "pcm_u8", "stereo", 11_025),
        ("mp3", "libmp3lame", "stereo", 44_100),
        ("m4a", "aac", "5.1", 48_000),
        ("webm", "libopus", "stereo", 48_000),
        ("ogg", "libopus", "mono", 48_000),
        ("flac", "flac", "stereo", 96_000),
        ("aac", "aac", "mono", 44_100),
        ("ac3", "ac3", "5.1", 48_000),
        ("mka", "mp2", "stereo", 48_000),
        ("aiff", "pcm_s16be", "stereo", 44_100),
    ],
)
def test_every_second_of_every_form_of_sound(tmp_path, suffix, codec, layout, rate):
    name = f"a.{suffix}"
    make_tones(tmp_path / name, codec, rate, layout, range(4))
    found = hear(tmp_path, name, Window(duration=4.0, seconds=4))
    assert found.rate == rate and found.valid == 4 and tones_of(found.array, rate, 4) == [0, 1, 2, 3]
    assert abs(len(found.array) / rate - 4.0) < 0.08 and found.remarks == ()


def test_sound_that_changes_its_layout_and_rate_in_a_stream_with_stamps(tmp_path):
    with av.open(str(tmp_path / "a.ts"), "w") as out:
        stream = out.add_stream("mp2", rate=44_100, layout="mono")
        template = None
        for number, (rate, layout) in enumerate([(44_100, "mono"), (48_000, "stereo")]):
            encoder = av.CodecContext.create("mp2", "w")
            encoder.sample_rate, encoder.layout, encoder.format, encoder.time_base = (
                rate,
                layout,
                "s16",
                Fraction(1, rate),
            )
            shaper = av.AudioResampler(format="s16", layout=layout, rate=rate, frame_size=1152)
            template = template or encoder
            tones = np.concatenate([tone(1.0, 300 + 170 * k, rate) for k in (2 * number, 2 * number + 1)])
            frames = [frame for start, part in parts(tones) for frame in shaper.resample(sound(part, rate, start))]
            for packet in [packet for frame in frames for packet in encoder.encode(frame)]:
                packet.pts = packet.dts = round((float(packet.pts * packet.time_base) + 2 * number) * 90_000)
                packet.time_base, packet.stream = Fraction(1, 90_000), stream
                out.mux(packet)
    found = hear(tmp_path, "a.ts", Window(duration=4.0, seconds=4))
    assert tones_of(found.array, found.rate, 4) == [0, 1, 2, 3] and found.rate == 44_100
    assert "rate_changed" in {remark.kind for remark in found.remarks}


@pytest.mark.parametrize("rates", [(48_000, 16_000), (16_000, 48_000), (48_000, 16_000, 44_100)])
def test_sound_without_stamps_lasts_as_long_as_it_decodes(tmp_path, rates):
    """The packets of a raw stream are counted at its first rate, as if 16 kHz lasted a third of the time."""
    joined(tmp_path, rates)
    found = hear(tmp_path, "a.aac", Window(duration=None, seconds=10))
    assert found.valid == 2 * len(rates) and found.rate == rates[0]
    assert tones_of(found.array, found.rate, found.valid) == [number for number in range(len(rates)) for _ in range(2)]


def joined(root: Path, rates: tuple[int, ...]) -> None:
    """Two seconds of raw AAC at each rate, one behind the other, as a.aac."""
    for number, rate in enumerate(rates):
        write(root / f"{number}.aac", sounds=[(300.0 + 170 * number, "")], rate=rate)
    (root / "a.aac").write_bytes(b"".join((root / f"{number}.aac").read_bytes() for number in range(len(rates))))


@pytest.mark.parametrize(("rates", "seconds"), [((48_000, 16_000, 16_000), 2), ((48_000, 16_000, 48_000, 16_000), 4)])
def test_a_rate_that_falls_after_the_clip_counts_in_how_long_the_file_is(tmp_path, rates, seconds):
    joined(tmp_path, rates)
    with pytest.raises(MediaFailure, match=f"ambiguous.*lasts {2 * len(rates)}.* s and the clip {seconds} s"):
        hear(tmp_path, "a.aac", Window(duration=float(seconds), seconds=seconds))


def test_a_rate_that_rises_makes_no_longer_file(tmp_path):
    joined(tmp_path, (16_000, 48_000))
    found = hear(tmp_path, "a.aac", Window(duration=3.0, seconds=3))
    assert found.valid == 3 and tones_of(found.array, found.rate, 3) == [0, 0, 1]


@pytest.mark.parametrize("kept", [0, 24])
def test_a_sound_stream_of_which_nothing_is_known_is_a_failure(tmp_path, kept):
    """kept: bytes of each packet of the stream that stay, the rest being zeros: none, or those that hold the stamps."""
    make_video(tmp_path / "a.ts", frames=20, fps=10)
    data = bytearray((tmp_path / "a.ts").read_bytes())
    for place in range(0, len(data), 188):
        if (data[place + 1] & 0x1F) << 8 | data[place + 2] == 0x101:
            data[place + 4 + kept : place + 188] = bytes(184 - kept)
    (tmp_path / "a.ts").write_bytes(data)
    with pytest.raises(MediaFailure, match="the (file has no audio stream|audio stream holds no sample)") as caught:
        hear(tmp_path, "a.ts")
    assert caught.value.kind in ("no_audio", "empty")
    assert see(tmp_path, "a.ts").valid == 2
