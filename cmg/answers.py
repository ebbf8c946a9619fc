"""What a head answered for every test clip, beside what the clip is: one parquet file per run, and what can be counted
in it.

A clip task has one class per clip. In localisation truth and answer are the active classes with a digit per second,
``Dog 1110000000``, joined by ``|``. n clips, T seconds, C classes.
"""

import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cmg.files import BadFile, write_bytes

NOTHING = "(nothing)"
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("task", "direction")]
    + [("toc", pa.bool_()), ("dataset", pa.string()), ("row", pa.int64()), ("clip_id", pa.string())]
    + [("truth", pa.string()), ("answer", pa.string()), ("seconds", pa.bool_())],
    metadata={"cmg.answers": "1"},
)
_KEPT: ContextVar[list["Answer"] | None] = ContextVar("answers", default=None)


@dataclass(frozen=True)
class Answer:
    """One test clip (index row of a dataset) in one cell: what it is and what the head said. ``seconds``: of
    localisation."""

    task: str
    direction: str
    toc: bool
    dataset: str
    row: int
    truth: str
    answer: str
    seconds: bool
    clip_id: str = ""

    @property
    def right(self) -> bool:
        return self.truth == self.answer


@contextmanager
def keeping() -> Iterator[list[Answer]]:
    """Within it tasks leave the answers of their heads in the list; elsewhere they keep none."""
    found: list[Answer] = []
    token = _KEPT.set(found)
    try:
        yield found
    finally:
        _KEPT.reset(token)


def keep(
    cell: tuple[str, str, bool],
    dataset: str,
    rows: np.ndarray,
    classes: Sequence[str],
    target: np.ndarray,
    answered: np.ndarray,
) -> None:
    """Keep answers where somebody wants them.

    cell: task, direction, TOC; rows: of the index, [n]; target, answered: class numbers [n], or active classes bool [n,
    T, C].
    """
    kept = _KEPT.get()
    if kept is not None:
        kept += [
            Answer(*cell, dataset, int(row), _text(truth, classes), _text(answer, classes), np.ndim(truth) > 0)
            for row, truth, answer in zip(rows, target, answered, strict=True)
        ]


def _text(value: np.ndarray, classes: Sequence[str]) -> str:
    if np.ndim(value) == 0:
        return classes[int(value)]
    seconds = ["".join(map(str, column)) for column in np.asarray(value, dtype=int).T]
    return "|".join(f"{name} {told}" for name, told in zip(classes, seconds, strict=True) if "1" in told)


def write_answers(path: Path, answers: Sequence[Answer], ids: Mapping[str, Sequence[str]]) -> None:
    """Write the file (deterministic bytes, atomic). ids: of the clips of each dataset, in row order."""
    found = [{**vars(item), "clip_id": ids[item.dataset][item.row]} for item in answers]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(found, SCHEMA), sink, compression="zstd")
    write_bytes(path, sink.getvalue())


def read_answers(path: Path) -> list[Answer]:
    """Read what `write_answers` wrote.

    Raises:
        ValueError: the file is something else. FileNotFoundError: it does not exist.
    """
    try:
        with open(path, "rb") as file:
            table = pq.ParquetFile(file).read()
    except pa.ArrowInvalid as error:
        raise BadFile(f"{path}: not a parquet file ({error}); run: dvc repro") from error
    if not table.schema.equals(SCHEMA, check_metadata=True):
        raise BadFile(
            f"{path}: expected answers with columns {', '.join(SCHEMA.names)}, found {', '.join(table.column_names)}"
        )
    return [Answer(**record) for record in table.to_pylist()]


def active(text: str) -> dict[str, str]:
    """``{class: a digit per second}`` of a localised truth or answer."""
    return {part.rpartition(" ")[0]: part.rpartition(" ")[2] for part in text.split("|") if part}


def class_scores(answers: Sequence[Answer]) -> dict[str, tuple[float, int]]:
    """Per class its score in percent and the clips behind it.

    A clip task: share of the class's clips that were named right. Localisation: mean F over the clips in whose truth or
    answer it is.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for item in answers:
        for name, score in (_f_of(item) if item.seconds else {item.truth: 100.0 * item.right}).items():
            found[name].append(score)
    return {name: (fmean(values), len(values)) for name, values in sorted(found.items())}


def _f_of(item: Answer) -> dict[str, float]:
    truth, answer = active(item.truth), active(item.answer)
    scores = {}
    for name in truth.keys() | answer.keys():
        ones = [text.get(name, "").count("1") for text in (truth, answer)]
        hits = sum(a == b == "1" for a, b in zip(truth.get(name, ""), answer.get(name, ""), strict=False))
        scores[name] = 200.0 * hits / sum(ones)
    return scores


def confusion(answers: Iterable[Answer]) -> Counter[tuple[str, str]]:
    """How often (what is true, what was said): clips, in localisation seconds; `NOTHING` where no class is active on
    one side."""
    found: Counter[tuple[str, str]] = Counter()
    for item in answers:
        found.update(_seconds(active(item.truth), active(item.answer)) if item.seconds else [(item.truth, item.answer)])
    return found


def _seconds(truth: Mapping[str, str], answer: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A pair per second and true class: itself where it was said, else what was said wrongly; per second without one
    what was said."""
    for second in range(max(map(len, [*truth.values(), *answer.values()]), default=0)):
        real, told = ({name for name, seconds in side.items() if seconds[second] == "1"} for side in (truth, answer))
        for name in sorted(real):
            yield from [(name, name)] if name in told else [(name, other) for other in sorted(told - real) or [NOTHING]]
        if not real:
            yield from ((NOTHING, other) for other in sorted(told))
