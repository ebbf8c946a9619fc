"""Annotation files read line by line: what cannot be used becomes a problem row, nothing is lost."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmg.datasets.problems import Problems


class DatasetError(ValueError):
    """A dataset root that cannot be indexed as it is; the message says what was expected, found, and what to do."""


@dataclass(frozen=True)
class Line:
    """One line of an annotation file: `number` counts from 1, `text` has no line end."""

    number: int
    text: str


def read_lines(path: Path, problems: Problems) -> Iterator[Line]:
    """Non-blank lines of a UTF-8 file, LF or CRLF, with or without BOM and last newline.

    A line that is not UTF-8 becomes a `malformed` problem and is not yielded. Blank lines carry nothing and are
    skipped.
    """
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    for number, raw in enumerate(data.split(b"\n"), start=1):
        raw = raw.removesuffix(b"\r")
        if not raw.strip():
            continue
        try:
            yield Line(number, raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            problems.add(
                path.name, number, "malformed", f"not UTF-8: {error.reason}", raw.decode("utf-8", "backslashreplace")
            )


def csv_fields(path: Path, line: Line, problems: Problems) -> list[str] | None:
    """The comma-separated fields of one line (double quotes as in RFC 4180); None, and a problem, when it cannot be
    split."""
    try:
        return next(csv.reader([line.text], strict=True))
    except csv.Error as error:
        problems.add(path.name, line.number, "malformed", f"not a csv line: {error}", line.text)
        return None


def read_records(path: Path, problems: Problems) -> Iterator[tuple[Line, list[str]]]:
    """The records of a csv with their fields; a quoted field may go on over lines. A quote that is not closed is a
    problem of its line."""
    lines, place = list(read_lines(path, problems)), 0
    while place < len(lines):
        taken = _lines_of_record(lines[place:])
        record = Line(lines[place].number, "\n".join(line.text for line in lines[place : place + taken]))
        place += taken
        if (fields := csv_fields(path, record, problems)) is not None:
            yield record, fields


def _lines_of_record(lines: Sequence[Line]) -> int:
    """How many of the lines the first record is written on."""
    reader = csv.reader((f"{line.text}\n" for line in lines), strict=True)
    try:
        next(reader)
    except csv.Error:
        return 1
    return reader.line_num


def read_table(path: Path, columns: list[str], separator: str, problems: Problems) -> Iterator[tuple[Line, list[str]]]:
    """Data lines of a table with a header. Lines with another number of fields become problems.

    Raises DatasetError when the header is not `columns`: the file is another one than the reader knows.
    """
    lines = read_lines(path, problems)
    header = next(lines, None)
    found = [] if header is None else header.text.split(separator)
    if found != columns:
        raise DatasetError(
            f"{path}: expected the header {separator.join(columns)!r}, "
            f"found {separator.join(found)!r}: get the official file"
        )
    for line in lines:
        fields = csv_fields(path, line, problems) if separator == "," else line.text.split(separator)
        if fields is None:
            continue
        if len(fields) != len(columns):
            problems.add(
                path.name, line.number, "malformed", f"expected {len(columns)} fields, found {len(fields)}", line.text
            )
            continue
        yield line, fields


def read_json(path: Path, what: str) -> Any:
    """The content of a json file in UTF-8, with or without BOM. Raises DatasetError when it is not one; what: should be
    in it."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # ValueError includes UnicodeDecodeError
        raise DatasetError(f"{path}: expected json {what}: {error}") from error


def seconds(text: str) -> float | None:
    """A non-negative, finite number of seconds in plain decimal notation, or None."""
    whole, _, fraction = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or len(text) > 12:
        return None
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        return None
    return float(text)
