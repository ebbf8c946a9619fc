"""Annotation lines that cannot become a clip or an event: collected, counted, written beside the index."""

import csv
import io
from collections import Counter
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from cmg.datasets.safety import visible
from cmg.files import write_bytes

KINDS = ("orphan", "inverted", "zero_length", "duplicate", "malformed", "unknown_class", "refused", "cleaned")
# characters that are kept of a line: csv readers refuse fields of more than 131,072, and nobody reads them
LONGEST = 1000


@dataclass(frozen=True)
class Problem:
    """One annotation line (counted from 1) that was not used as it stands, with the reason and its text (escaped)."""

    file: str
    line: int
    kind: str
    reason: str
    text: str


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


class Problems(list[Problem]):
    """A list of problems with a short way to add one."""

    def add(self, file: str, line: int, kind: str, reason: str, text: str) -> None:
        """Append one problem; `kind` is one of KINDS."""
        if kind not in KINDS:
            raise ValueError(f"problem kind {kind!r} is not one of {', '.join(KINDS)}")
        self.append(Problem(file, line, kind, _cut(visible(reason)), _cut(visible(text))))

    def counts(self) -> Counter[tuple[str, str]]:
        """Number of problems by (file, kind)."""
        return Counter((problem.file, problem.kind) for problem in self)


def write_problems(path: Path, problems: list[Problem]) -> None:
    """Write `file,line,kind,reason,text` rows in the order found; atomic, same bytes for the same problems."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Problem)])
    writer.writerows(astuple(problem) for problem in problems)
    write_bytes(Path(path), text.getvalue().encode("utf-8"))
