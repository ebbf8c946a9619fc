"""Every second of picture and sound is that second of the file's time line: shifted, cut and gapped films, and files
that break off."""

from dataclasses import dataclass, field
from pathlib import Path

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
from tests.media.edit_lists import with_edits
from tests.media.films import colour_of, make_colours, tones_of

FPS, SECONDS = 10, 12
SOURCES = {
    "mp4": ("libx264", "aac"),
    "mkv": ("libx264", "pcm_s16le"),
    "ts": ("libx264", "mp2"),
    "mov": ("mpeg4", "aac"),
}  # mov has no gaps in PCM
SOURCES |= {"webm": ("libvpx", "libopus"), "flv": ("libx264", "aac"), "avi": ("mpeg4", "pcm_s16le")}


@dataclass
class Edit:
    """What is done to a film's packets. Seconds of the source: cut: before it nothing is copied; shift: of the streams'
    stamps."""

    cut: dict[str, float] = field(default_factory=lambda: {"video": 0.0, "audio": 0.0})
    shift: dict[str, float] = field(default_factory=lambda: {"video": 0.0, "audio": 0.0})
    gap: dict[str, tuple[float, float]] = field(default_factory=lambda: {"video": (0.0, 0.0), "audio": (0.0, 0.0)})

    def keeps(self, kind: str, time: float) -> bool:
        return time >= self.cut[kind] - 1e-3 and not self.gap[kind][0] <= time + 1e-3 < self.gap[kind][1]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("sources"), {}

    def source(video: str, audio: str) -> Path:
        if (video, audio) not in made:
            made[video, audio] = folder / f"{video}_{audio}.mkv"
            make_colours(made[video, audio], SECONDS, FPS, video, audio)
        return made[video, audio]

    return source


def copy(source: Path, target: Path, edit: Edit) -> tuple[dict[str, list[tuple[float, float]]], float]:
    """Copy packets, edited; returns what each stream presents as (time in the target, time in the source), and when the
    last one ends."""
    shown: dict[str, list[tuple[float, float]]] = {"video": [], "audio": []}
    end = 0.0
    with av.open(str(source)) as container, av.open(str(target), "w") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in container.streams}
        for packet in container.demux():
            kind = packet.stream.type
            if packet.dts is None or not edit.keeps(kind, packet.pts * packet.time_base):
                continue
            time = float(packet.pts * packet.time_base)
            moved = round(edit.shift[kind] / packet.time_base)
            packet.pts, packet.dts = packet.pts + moved, packet.dts + moved
            shown[kind].append((time + edit.shift[kind], time))
            end = max(end, time + edit.shift[kind] + float(packet.duration * packet.time_base))
            packet.stream = streams[packet.stream_index]
            out.mux(packet)
    return shown, end


def even(shown, zero: float) -> bool:
    """Whether the picture is there from the start, without a gap."""
    times = np.array([time for time, _ in shown["video"]])
    return times[0] - zero <= 0.1 and np.diff(times).max() < 1.5 / FPS


def counted(shown, zero: float, end: float, seconds: int) -> list[int]:
    """Colours by the released formula, at four frames a second."""
    until = zero + (10.5 if end - zero <= 10.5 else 10) if seconds == 10 else zero + seconds
    frames = [source for time, source in shown["video"] if time < until - 1e-3]
    return [int(frames[index] + 1e-3) for index in official_indices(len(frames), seconds, 4)]


def expected(shown, at: float, packet: float) -> tuple[int, int | None]:
    """Colour and tone at a second of the target's time line, from what was copied."""
    zero = min(shown["video"][0][0], shown["audio"][0][0])
    before = [source for time, source in shown["video"] if time <= zero + at + 1e-3] or [shown["video"][0][1]]
    near = [
        source + zero + at - time for time, source in shown["audio"] if time - 0.01 <= zero + at < time + packet + 0.01
    ]
    return int(before[-1] + 1e-3), int(near[0]) if near else None


def random_edit(generator: np.random.Generator, case: int) -> Edit:
    """Steps of a tenth of a second, each kind of edit by itself and all of them together."""
    edit = Edit()
    tenths = lambda low, high: generator.integers(low, high) / 10  # noqa: E731
    if case % 4 in (0, 3):
        edit.shift[("video", "audio")[generator.integers(2)]] = tenths(1, 25)
    if case % 4 in (1, 3):
        edit.cut = {kind: tenths(0, 30) for kind in edit.cut}
    if case % 4 in (2, 3):
        for kind in edit.gap:
            begin = tenths(35, 80)
            edit.gap[kind] = (begin, begin + tenths(0, 30))
    return edit


@pytest.mark.parametrize("suffix", [suffix for suffix in SOURCES if suffix != "avi"])
@pytest.mark.parametrize("case", range(8))
def test_every_second_is_that_of_the_time_line(sources, tmp_path, suffix, case):
    edit = random_edit(np.random.default_rng([case, *suffix.encode()]), case)
    name = f"film.{suffix}"
    shown, end = copy(sources(*SOURCES[suffix]), tmp_path / name, edit)
    zero = min(shown["video"][0][0], shown["audio"][0][0])
    seconds = min(10, int(end - zero + 0.1)) if end - zero < 9.5 else 10
    window = Window(frames_per_second=4, duration=10.0, source_start=0.0)
    picture, sound = (decode(tmp_path, name, window) for decode in (see, hear))
    assert picture.valid == sound.valid == seconds
    colours = [colour_of(frame) for frame in picture.array]
    tones = tones_of(sound.array, sound.rate, seconds)
    official = counted(shown, zero, end, seconds)
    for second in range(seconds):
        instants = [second + step / 4 for step in range(4)]
        truth = [expected(shown, instant, 0.03) for instant in (*instants, second + 0.3, second + 0.7)]
        if any(remark.kind == "uneven_frames" for remark in picture.remarks):
            assert colours[4 * second + 1 : 4 * second + 4] == [colour for colour, _ in truth[1:4]], (second, edit)
        else:
            assert colours[4 * second : 4 * second + 4] == official[4 * second : 4 * second + 4], (second, edit)
            assert even(shown, zero), edit
        heard = {tone for _, tone in truth[1:]}
        if len(heard) == 1:
            assert {tones[second]} == heard, (second, edit)


def see(root: Path, name: str, window: Window):
    return decode_video(VideoTask(Source(str(root), name), window))


def hear(root: Path, name: str, window: Window):
    return decode_audio(AudioTask(Source(str(root), name), window))


def test_a_sound_that_begins_late_or_never_stops_early_is_filled_and_said(sources, tmp_path):
    copy(
        sources("libx264", "aac"),
        tmp_path / "a.mp4",
        Edit(shift={"video": 0.0, "audio": 2.0}, gap={"video": (9, 12), "audio": (5, 20)}),
    )
    window = Window(duration=None, seconds=10)
    sound, picture = hear(tmp_path, "a.mp4", window), see(tmp_path, "a.mp4", window)
    assert tones_of(sound.array, sound.rate, 9)[:7] == [None, None, 0, 1, 2, 3, 4] and sound.valid == picture.valid == 9
    assert tones_of(sound.array, sound.rate, 9)[7:] == [None, None]
    assert [remark.kind for remark in sound.remarks] == ["silence_filled"] and picture.remarks == ()


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "flv"])
@pytest.mark.parametrize("share", [0.35, 0.6, 0.85])
def test_what_is_cut_off_is_never_filled(sources, tmp_path, suffix, share):
    copy(sources("libx264", "aac"), tmp_path / f"whole.{suffix}", Edit())
    if suffix == "mp4":
        remuxed(tmp_path / "whole.mp4", tmp_path / "front.mp4")
    data = (tmp_path / ("front.mp4" if suffix == "mp4" else f"whole.{suffix}")).read_bytes()
    name = f"cut.{suffix}"
    (tmp_path / name).write_bytes(data[: int(len(data) * share)])
    assert not read_timeline(tmp_path / name).whole
    window = Window(duration=None, seconds=12, frames_per_second=4)
    picture, sound = see(tmp_path, name, window), hear(tmp_path, name, window)
    assert not {"silence_filled", "picture_held"} & {remark.kind for remark in (*picture.remarks, *sound.remarks)}
    assert picture.valid < 12 and sound.valid < 12
    assert [colour_of(frame) for frame in picture.array[2::4]] == list(range(picture.valid))
    assert tones_of(sound.array, sound.rate, sound.valid) == list(range(sound.valid))


def remuxed(source: Path, target: Path) -> None:
    """With the header in front."""
    with av.open(str(source)) as container, av.open(str(target), "w", options={"movflags": "faststart"}) as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in container.streams}
        for packet in container.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                out.mux(packet)


def test_a_corrupt_end_is_not_filled(sources, tmp_path):
    copy(sources("mpeg4", "aac"), tmp_path / "a.mp4", Edit())
    with av.open(str(tmp_path / "a.mp4")) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    for place, size in places[70:]:
        data[place : place + size] = bytes(size)
    (tmp_path / "a.mp4").write_bytes(data)
    window = Window(duration=None, seconds=12, frames_per_second=2)
    assert see(tmp_path, "a.mp4", window).valid == 7 and hear(tmp_path, "a.mp4", window).valid == 12


def test_joined_files_whose_stamps_start_anew_are_refused(tmp_path, sources):
    copy(sources("libx264", "mp2"), tmp_path / "one.ts", Edit())
    data = (tmp_path / "one.ts").read_bytes()
    (tmp_path / "two.ts").write_bytes(data + data)
    with pytest.raises(MediaFailure, match="start anew") as caught:
        see(tmp_path, "two.ts", Window())
    assert caught.value.kind == "unreadable"


PRIMING = 1024 / 24_000  # seconds that the AAC encoder puts before the sound


@pytest.mark.parametrize(
    ("picture", "sound", "colours", "tones"),
    [
        ([(12, 0)], [(12, 0)], list(range(12)), list(range(12))),
        ([(5, 0)], [(5, 0)], list(range(5)), list(range(5))),
        ([(6, 3)], [(6, 3)], list(range(3, 9)), list(range(3, 9))),
        ([(2, 0), (4, 5)], [(2, 0), (4, 5)], [0, 1, 5, 6, 7, 8], [0, 1, 5, 6, 7, 8]),
        ([(2, 0), (2, 5), (2, 9)], [(6, 0)], [0, 1, 5, 6, 9, 10], list(range(6))),
        ([(3, 6), (3, 0)], [(3, 6), (3, 0)], [6, 7, 8, 0, 1, 2], [6, 7, 8, 0, 1, 2]),
        ([(2, None), (6, 2)], [(8, 0)], [2, 2, 2, 3, 4, 5, 6, 7], list(range(8))),
        ([(8, 0)], [(3, None), (5, 3)], list(range(8)), [None] * 3 + list(range(3, 8))),
        ([(2, None), (6, 0)], [(2, None), (6, 0)], list(range(6)), list(range(6))),
        ([(8, 0)], [(4, 1)], list(range(8)), [1, 2, 3, 4, *[None] * 4]),
        ([(3, 4)], [(7, 1)], [4, 5, 6, 6, 6, 6, 6], list(range(1, 8))),
    ],
)
def test_edit_lists_are_played(tmp_path, picture, sound, colours, tones):
    make_colours(tmp_path / "a.mp4", SECONDS, FPS)
    sound = [(shown, None if at is None else at + PRIMING) for shown, at in sound]
    (tmp_path / "a.mp4").write_bytes(with_edits((tmp_path / "a.mp4").read_bytes(), {"vide": picture, "soun": sound}))
    window = Window(duration=None, seconds=12, frames_per_second=4)
    seen, heard = see(tmp_path, "a.mp4", window), hear(tmp_path, "a.mp4", window)
    assert [colour_of(frame) for frame in seen.array[2::4]] == colours and seen.valid == len(colours)
    assert tones_of(heard.array, heard.rate, heard.valid) == tones and heard.valid == len(tones)


def test_the_seconds_of_a_clip_are_cut_out_of_the_whole_film_in_both_modalities(sources, tmp_path):
    copy(sources("libx264", "aac"), tmp_path / "whole.mp4", Edit(shift={"video": 0.0, "audio": 1.0}))
    window = Window(duration=4.0, seconds=4, frames_per_second=4, source_start=5.0)
    picture, sound = see(tmp_path, "whole.mp4", window), hear(tmp_path, "whole.mp4", window)
    assert [colour_of(frame) for frame in picture.array[2::4]] == [5, 6, 7, 8]
    assert tones_of(sound.array, sound.rate, 4) == [4, 5, 6, 7] and len(sound.array) == 4 * sound.rate
    for found in (see, hear):
        with pytest.raises(MediaFailure, match="ambiguous"):
            found(tmp_path, "whole.mp4", Window(duration=4.0, seconds=4))
