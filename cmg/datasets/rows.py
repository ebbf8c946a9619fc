"""What the readers share: annotation lookup, and a table of rows in which every clip gets its status."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import Clip, Event
from cmg.datasets.listing import Entry, Listing, check_file
from cmg.datasets.problems import Problem, Problems
from cmg.datasets.safety import cleaned, why_unsafe_id, why_unsafe_path


@dataclass(frozen=True)
class IndexResult:
    """What a reader returns: clips in canonical row order, and the annotation lines that were not used as they
    stand."""

    clips: list[Clip]
    problems: list[Problem]


def annotation(root: Path, listing: Listing, *names: str) -> Path:
    """The first of the annotation files `names` that the listing holds, checked against it.

    Raises DatasetError when none is there, naming what the folder holds instead.
    """
    found = optional_annotation(root, listing, *names)
    if found is None:
        siblings = sorted({entry.path.split("/")[0] for entry in listing.entries})[:12]
        raise DatasetError(
            f"{root}: expected the annotation file {' or '.join(names)}, "
            f"found {', '.join(siblings) or 'an empty folder'}; "
            "see docs/datasets.md for where to get it, then run `python -m pipeline scan`"
        )
    return found


def optional_annotation(root: Path, listing: Listing, *names: str) -> Path | None:
    """As `annotation`, but None where none of the files is listed."""
    entry = first_of(listing, names)
    return None if entry is None else check_file(root, entry)


def first_of(listing: Listing, paths: Iterable[str]) -> Entry | None:
    """The first of `paths` that the listing holds."""
    return next((entry for entry in map(listing.get, paths) if entry is not None), None)


@dataclass
class Rows:
    """Clips under construction: `add` appends the next row and decides its status (refused, malformed, missing, ok)."""

    listing: Listing
    problems: Problems = field(default_factory=Problems)
    clips: list[Clip] = field(default_factory=list)

    def add(
        self,
        clip_id: str,
        *,
        visual: Sequence[str] = (),
        audio: Sequence[str] = (),
        split: str,
        origin: tuple[str, int, str],
        malformed: str = "",
        reason: str = "",
        events: Iterable[Event] = (),
        captions: Iterable[str] = (),
        **values: Any,
    ) -> Clip:
        """Append one row.

        visual, audio: candidate paths, the first listed one is taken; no candidates = the clip has no such modality.
        origin: annotation file name, line number and text, for the problem row of a refused or malformed clip.
        malformed: what is wrong with the line, or "". Other values go to Clip as they are.
        """
        refusal = why_unsafe_id(clip_id) or _unsafe({*visual, *audio})
        seen, heard = (None, None) if refusal else (first_of(self.listing, visual), first_of(self.listing, audio))
        absent = [paths for paths, entry in ((visual, seen), (audio, heard)) if paths and entry is None]
        status, reason = _status(refusal, malformed, absent, reason)
        if status in {"refused", "malformed"}:
            self.problems.add(*origin[:2], status, reason, origin[2])
        captions, events = self._cleaned(origin, list(map(_encodable, captions)), list(events))
        clip = Clip(
            row=len(self.clips),
            clip_id=_encodable(clip_id),
            visual=seen.path if seen else None,
            audio=heard.path if heard else None,
            split=split,
            events=events,
            captions=captions,
            visual_fingerprint=seen.fingerprint if seen else "",
            audio_fingerprint=heard.fingerprint if heard else "",
            status=status,
            reason=reason,
            **values,
        )
        self.clips.append(clip)
        return clip

    def _cleaned(
        self, origin: tuple[str, int, str], captions: list[str], events: list[Event]
    ) -> tuple[tuple[str, ...], tuple[Event, ...]]:
        """Captions and events without control characters in their words; a problem where there were some."""
        plain, named = (
            tuple(map(cleaned, captions)),
            tuple(replace(event, label=cleaned(event.label)) for event in events),
        )
        if [*plain, *named] != [*captions, *events]:
            self.problems.add(
                *origin[:2], "cleaned", "control characters in a caption or label: a space for each", origin[2]
            )
        return plain, named

    def result(self) -> IndexResult:
        """The finished rows."""
        return IndexResult(self.clips, list(self.problems))


def _status(refusal: str | None, malformed: str, absent: Sequence[Sequence[str]], remark: str) -> tuple[str, str]:
    """Status and reason of a row; `remark` is kept where the clip is ok or merely missing."""
    if refusal:
        return "refused", f"the id or path {refusal}"
    if malformed:
        return "malformed", malformed
    if absent:
        return "missing", "; ".join(filter(None, [f"no file {' or '.join(absent[0])}", remark]))
    return "ok", remark


def _unsafe(paths: Iterable[str]) -> str | None:
    return next((reason for reason in map(why_unsafe_path, sorted(paths)) if reason), None)


def _encodable(text: str) -> str:
    """`text` with lone surrogates (which json may hold and UTF-8 may not) written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
