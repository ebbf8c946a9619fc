"""Any annotation lines and entries, and the property that every reader of them has: each becomes a row or a problem."""

import csv
import io
from pathlib import Path

from hypothesis import strategies as st

from cmg.datasets.clips import write_index
from cmg.datasets.listing import scan
from cmg.datasets.problems import Problem
from cmg.datasets.readers import index_dataset
from cmg.datasets.rows import IndexResult

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=20)
IDS = st.sampled_from(["-aaaaaaaaaa", "b, c.wav", "../x", ""]) | TEXT
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def any_lines(*columns: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Lines of these comma-separated fields, quoted where needed, among lines of any text."""
    return st.lists(st.tuples(*columns).map(_csv_line) | TEXT, max_size=6)


def carrying(lines: list[str]) -> int:
    """How many of the lines hold anything."""
    return sum(bool(line.encode().removesuffix(b"\r").strip()) for line in lines)


def indexed(root: Path, dataset: str, files: dict[str, str], **options: object) -> IndexResult:
    """Index a root of these files, and write the index."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    result = index_dataset(dataset, root, scan(root), options)
    write_index(root / "index.parquet", result.clips)
    return result


def accounted(result: IndexResult) -> int:
    """How many lines are a row or a problem; malformed and refused ones stand in both."""
    of_rows = sum(clip.status in ("malformed", "refused") for clip in result.clips)
    return len(result.clips) + len(lost(result)) - of_rows


def lost(result: IndexResult) -> list[Problem]:
    """Problems that stand in the place of a line; of one that is `cleaned` the rest is there."""
    return [problem for problem in result.problems if problem.kind != "cleaned"]


def _csv_line(fields: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(fields)
    return out.getvalue()
