"""The time line of a media file: which picture and which sound count, when each is presented, and what of the file is
missing.

Everything is read from packets, in sequence, without decoding: edit lists and discard flags have been applied by the
demuxer, so what is left is what a player shows. Where a format stores no presentation stamps, pictures are shown in
order at the times, or the rate, at which they are decoded. Second 0 is when the first picture or sound is presented, as
in
players: a transport stream that begins at 1.4 s begins at second 0. Letters: N packets that are shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from cmg.media.container import open_container, packets
from cmg.media.failure import MediaFailure
from cmg.media.joined import parts_of
from cmg.media.remark import Remark

PROMISED_BY_STREAM = ("mov,mp4,m4a,3gp,3g2,mj2", "avi")  # containers whose header says how long each stream is
PROMISED_BY_FILE = ("matroska,webm", "flv", "asf")  # and how long the longest one is
COUNTED = frozenset(  # formats without time stamps of their own: what FFmpeg gives as stamps is counted from rates
    "aac ac3 amr ape caf dts eac3 flac h264 hevc loas m4v mlp mp3 mpegvideo truehd tta wav".split()
)
DECODED = frozenset(
    {"avi", "asf", "mpegvideo"}
)  # formats that say when pictures are decoded: when they are shown FFmpeg guesses
FREE_ORDER = frozenset({"h264", "hevc"})  # codecs of which any picture may be shown later than those after it
# places, at most, in which a picture that is shown may differ from the one that is decoded, and one (16 in H.264)
REORDERED = 17
NO_STAMPS: int = av.format.Flags["no_timestamps"].value  # type: ignore[assignment]  # PyAV's stub: the member
EARLY = 0.1  # seconds of an AVI before its second picture that encoders of sound may have put there
ASTRAY = 0.3  # seconds by which the stamps of few pictures may be off their even line: FFmpeg attributes some wrongly
SHORT = 0.5  # seconds by which a stream may end before its header says without being broken off
DECODING_STORED = ("mpegts", "mpeg")  # formats whose files people join byte by byte, which say when to decode
JOINED = (*DECODING_STORED, "matroska,webm")  # formats whose parts, joined byte by byte, are all read
JOINED_AGAIN = (
    "files were joined without new ones, so that no second is certain; join them again with FFmpeg's concat demuxer"
)
BACK = 1.0  # seconds by which stamps may go back within a stream of them


@dataclass(frozen=True)
class Track:
    """One stream as it is presented, in seconds of the time line.

    index: of the stream in the file; end: when the last packet ends. times: float64 `[N]`, when the shown packets
    begin, ascending, each time once. regular: every packet is shown, undamaged and stamped, all of one form, and the
    first one is a keyframe and comes first. stamps: float64 `[N]`, what FFmpeg says of these packets and of what is
    decoded from them, ascending. packets: how many are shown, also at the same time. remarks: among which others it was
    chosen.
    """

    index: int
    times: np.ndarray
    end: float
    regular: bool
    stamps: np.ndarray
    packets: int
    remarks: tuple[Remark, ...] = ()

    @property
    def period(self) -> float:
        """Seconds from one packet to the next, mostly."""
        return _period(self.times)

    def when(self, stamps: np.ndarray) -> np.ndarray:
        """When frames with these stamps of FFmpeg's are shown, in seconds of the time line; not a number where there is
        no stamp."""
        beyond = stamps - np.clip(stamps, self.stamps[0], self.stamps[-1])
        return np.interp(stamps, self.stamps, self.times) + beyond


@dataclass(frozen=True)
class Timeline:
    """picture, sound: the chosen streams, None where there is none.

    zero: seconds on the file's own clock at second 0; length: seconds until the last of picture and sound ends.
    whole: nothing is broken off; counted: the format has no time stamps of its own.
    """

    picture: Track | None
    sound: Track | None
    zero: float
    length: float
    whole: bool
    counted: bool

    def length_for(self, track: Track, end: float) -> float:
        """Length of the file for a stream that decodes until `end`: the file's own, unless data at its end are missing
        or damaged.

        What a film does not show or sound any more is held or silent; what was cut off nobody knows, so it is never
        filled.
        """
        return self.length if self.whole and end >= track.end - SHORT / 2 else min(self.length, end)


@dataclass
class _Stream:
    """What the packets of one stream say, on the file's clock."""

    stream: av.stream.Stream
    stamps: list[float | None] = field(default_factory=list)
    decoded: list[float | None] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    first: tuple[bool, float] = (False, 0.0)
    hidden: bool = False
    damaged: bool = False  # or of another form than the packets before
    last_damaged: bool = False
    furthest: float = -np.inf

    def add(self, packet: av.packet.Packet) -> None:
        """Take note of the next packet of the stream, in the order of the file: its time in seconds, damage,
        discarding."""
        base = float(packet.time_base)
        self.last_damaged = packet.is_corrupt
        self.damaged |= packet.is_corrupt or packet.has_sidedata("new_extradata")
        if packet.is_discard:
            self.hidden = True
            return
        time = None if packet.pts is None else packet.pts * base
        if not self.stamps and time is not None:
            self.first = (packet.is_keyframe, time)
        self.stamps.append(time)
        self.decoded.append(None if packet.dts is None else packet.dts * base)
        self.durations.append((packet.duration or 0) * base)
        if time is not None:
            self.ends.append(time + self.durations[-1])

    def check_order(self, packet: av.packet.Packet) -> None:
        """Raises MediaFailure `unreadable` where stamps start anew: those of decoding where they are stored, else those
        of keyframes, before which nothing is shown that comes later in the file."""
        stored = self._format in DECODING_STORED
        stamp = packet.dts if stored else packet.pts
        if stamp is None:
            return
        time = float(stamp * packet.time_base)
        if time < self.furthest - BACK and (stored or packet.is_keyframe):
            raise MediaFailure("unreadable", f"time stamps start anew after {self.furthest:.1f} s: {JOINED_AGAIN}")
        self.furthest = max(self.furthest, time)

    @property
    def base(self) -> Fraction:
        """Seconds per unit of the stamps in its header."""
        if self.stream.time_base is None:
            raise MediaFailure("unreadable", f"stream {self.stream.index} does not say what its time stamps count")
        return self.stream.time_base

    @property
    def known(self) -> list[float]:
        """Different presentation stamps on FFmpeg's clock, ascending."""
        return sorted({stamp for stamp in self.stamps if stamp is not None})

    @property
    def times(self) -> np.ndarray:
        """When its packets are presented on the file's clock, float64, ascending, each time once."""
        if self.guessed:
            decoded = np.sort(np.array([time for time in self.decoded if time is not None], dtype=np.float64))
            shown = _shown(self.clock, decoded)
            return shown - (_lead(shown - decoded) if self._format == "avi" else 0.0)
        return self.clock

    @property
    def guessed(self) -> bool:
        """Whether its presentation stamps are FFmpeg's, made from when packets are decoded."""
        decoded = len(self.known) == len(self.stamps) == len(set(self.decoded) - {None})
        return decoded and self.stream.type == "video" and self._format in DECODED

    @property
    def clock(self) -> np.ndarray:
        """Different stamps of its packets by FFmpeg, float64, ascending; counted from how long packets last where most
        have none."""
        if self.known and not self.sparse:
            return np.array(self.known, dtype=np.float64)
        lasting = np.array(self.durations)
        lasting[lasting == 0] = 1 / self.rate
        return min(self.known, default=0.0) + np.cumsum(lasting) - lasting

    @property
    def sparse(self) -> bool:
        """Whether most of its pictures have no stamp."""
        return self.stream.type == "video" and 2 * self.stamps.count(None) > len(self.stamps)

    @property
    def astray(self) -> float:
        """Seconds by which decoding times differ from the clock, of pictures of which most have no stamp."""
        if not self.sparse:
            return 0.0
        lag = [time - shown for time, shown in zip(self.decoded, self.clock, strict=True) if time is not None]
        return float(np.ptp(lag)) if lag else 0.0

    @property
    def rate(self) -> float:
        """Packets per second: between the first and the last with a decoding time, else as FFmpeg guesses, else 25."""
        known = [(place, time) for place, time in enumerate(self.decoded) if time is not None]
        places, seconds = np.subtract(known[-1], known[0]) if known else (0, 0)
        return float(places / seconds if seconds > 0 else getattr(self.stream, "guessed_rate", None) or 25)

    @property
    def assumed(self) -> tuple[Remark, ...]:
        """A remark where pictures are counted although neither the format nor the stream says how many a second there
        are, or stamps say that some are left out."""
        if not isinstance(self.stream, av.VideoStream):
            return ()
        rate = f"{1 / _period(self.clock):g} a second"
        if self.stream.container.format.flags & NO_STAMPS and not self.stream.codec_context.framerate:
            return (Remark("rate_assumed", f"the file has no rate: its pictures are shown {rate}"),)
        if self.astray > ASTRAY:
            found = f"few of its pictures have a stamp, and these are up to {self.astray:.1f} s off"
            return (Remark("rate_assumed", f"{found}: its pictures are shown {rate}"),)
        if self.unordered:
            return (
                Remark("order_assumed", "the file says when its pictures are decoded, not quite when they are shown"),
            )
        return ()

    @property
    def unordered(self) -> bool:
        """Whether nothing tells by how many places its pictures may be off: guessed ones of a codec that shows any
        later than those after it, with some left out, or cut between keyframes, or beside sound in a format without
        places."""
        if not isinstance(self.stream, av.VideoStream) or not self.guessed:
            return False
        if self.stream.codec_context.name not in FREE_ORDER or not self.stream.codec_context.has_b_frames:
            return False
        steps = np.diff(np.sort(np.array(self.decoded, dtype=np.float64)))
        gaps = len(steps) > 0 and steps.max() > 1.5 * np.median(steps)
        beside = self._format == "asf" and len(self.stream.container.streams.audio) > 0
        return bool(gaps or beside or not self.first[0])

    @property
    def _format(self) -> str:
        """By whose rules it is stamped: pictures with a code of Video for Windows are in Matroska as in AVI."""
        name = self.stream.container.format.name
        context = self.stream.codec_context  # none of a codec that FFmpeg does not have
        windows = self.stream.type == "video" and context and context.codec_tag.strip("\0 ")
        return "avi" if name == "matroska,webm" and windows else name

    @property
    def begin(self) -> float:
        """When it is first presented; of sound the samples that a decoder needs to start are not."""
        told = self.stream.start_time
        if self.stream.type == "audio" and told is not None:
            return max(self.times[0], float(told * self.base))
        return float(self.times[0])

    @property
    def end(self) -> float:
        """When the last one ends; a packet that does not say how long it lasts is taken to last as long as most."""
        last = float(self.times[-1])
        told = max(self.ends, default=last) - (self.clock[-1] - last)
        return told if told > last else last + _period(self.times)

    @property
    def promised(self) -> float:
        """When it ends at the earliest as its header says: FFmpeg counts the empty edits before a late start or not."""
        duration = self.stream.duration
        return float((min(self.stream.start_time or 0, 0) + duration) * self.base) if duration else -np.inf

    def track(self, zero: float, remarks: tuple[Remark, ...]) -> Track:
        """As the stream of a time line that begins at ``zero`` (seconds on the file's clock), with what was remarked of
        choosing it."""
        times = self.times
        whole = (
            not (self.hidden or self.damaged)
            and len(times) == len(self.stamps)
            and self.stream.frames in (0, len(times))
        )
        regular = whole and self.first == (True, min(self.known, default=None))
        remarks = (*remarks, *self.assumed)
        return Track(self.stream.index, times - zero, self.end - zero, regular, self.clock, len(self.stamps), remarks)


def _shown(stamps: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """When pictures are shown of which a format has but the decoding times; both float64 `[N]`, ascending, seconds.

    Each when as many further ones have been decoded as most of FFmpeg's stamps say: its first stamps may say otherwise
    (MPEG-1). Those after the last decoding time are shown evenly.
    """
    count = len(stamps)
    later = max(
        range(min(count, REORDERED)), key=lambda places: np.isclose(stamps[: count - places], decoded[places:]).sum()
    )
    return np.append(decoded[later:], decoded[-1] + _period(decoded) * np.arange(1, later + 1))


def _lead(lag: np.ndarray) -> float:
    """Seconds by which FFmpeg shows the pictures of an AVI, whose n-th one belongs to the n-th place, too late for the
    sound.

    lag: from place to showing, of each. 0 where a film begins late: FFmpeg puts its first picture at place 0 all the
    same.
    """
    usual = float(np.median(lag))
    return usual if lag[0] - usual <= EARLY else 0.0


def _period(times: np.ndarray) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.04


def read_timeline(path: Path) -> Timeline:
    """The time line of a file.

    Raises MediaFailure `unreadable` (not media, or parts with time lines of their own) or `empty` (neither picture nor
    sound).
    """
    first, *others = parts_of(path)
    with open_container(first) as container:
        found = _gather(container)
        known = [stream for stream in found.values() if stream.stream.codec_context]  # of a codec that FFmpeg has
        picture, seen = _choose([stream for stream in known if _is_film(stream.stream)], "picture")
        sound, heard = _choose([stream for stream in known if stream.stream.type == "audio"], "sound")
        if others and picture:
            raise MediaFailure("unreadable", f"time stamps start anew with a second film: {JOINED_AGAIN}")
        chosen = [stream for stream in (picture, sound) if stream]
        zero = min((stream.begin for stream in chosen), default=0.0)
        return Timeline(
            picture.track(zero, seen) if picture else None,
            sound.track(zero, heard) if sound else None,
            zero,
            max((stream.end for stream in chosen), default=zero) - zero,
            _whole(container, chosen, found.values()),
            bool(others) or container.format.name in COUNTED,
        )


def _gather(container: av.container.InputContainer) -> dict[int, _Stream]:
    """What the packets of every picture, sound and subtitle stream say."""
    streams = [stream for stream in container.streams if stream.type in ("video", "audio", "subtitle")]
    found = {stream.index: _Stream(stream) for stream in streams}
    for packet in packets(container, *streams) if streams else ():
        if packet.size:
            stream = found[packet.stream_index]
            if container.format.name in JOINED:
                stream.check_order(packet)
            stream.add(packet)
    return {index: stream for index, stream in found.items() if stream.stamps}


def _is_film(stream: av.stream.Stream) -> bool:
    """Covers and thumbnails are marked as such."""
    kinds = av.stream.Disposition
    return stream.type == "video" and not stream.disposition & (
        kinds.attached_pic | kinds.timed_thumbnails | kinds.still_image
    )


def _choose(streams: list[_Stream], what: str) -> tuple[_Stream | None, tuple[Remark, ...]]:
    """The stream that counts: of those with more than one packet, if any, the first one marked as default, else the
    first one."""
    moving = [stream for stream in streams if len(stream.stamps) > 1] or streams
    marked = [stream for stream in moving if stream.stream.disposition & av.stream.Disposition.default] or moving
    if len(streams) < 2:
        return next(iter(streams), None), ()
    names = ", ".join(
        f"{each.stream.index} ({each.stream.codec_context.name}, {len(each.stamps)} packets)" for each in streams
    )
    chosen = marked[0]
    return chosen, (Remark("stream_chosen", f"{what} stream {chosen.stream.index} among {names}"),)


def _whole(container: av.container.InputContainer, chosen: list[_Stream], streams: Iterable[_Stream]) -> bool:
    """Whether the streams last as long as the header says, and none ends in a damaged packet."""
    if any(stream.last_damaged for stream in chosen):
        return False
    if (
        container.format.name in PROMISED_BY_STREAM
    ):  # of sound in avi the header counts bytes or samples, by habits that differ
        sure = [stream for stream in chosen if stream.stream.type == "video" or container.format.name != "avi"]
        return all(stream.end >= stream.promised - SHORT for stream in sure)
    if container.format.name in PROMISED_BY_FILE and container.duration:
        promised = ((container.start_time or 0) + container.duration) / av.time_base
        return max((stream.end for stream in streams), default=promised) >= promised - SHORT
    return True
