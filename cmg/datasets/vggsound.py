"""VGGSound tables that other readers use: vggsound.csv (`id,start,label,split`, no header) and a derived `video_id,starts` table."""

from collections import defaultdict
from pathlib import Path

from cmg.datasets.files import csv_fields, read_lines
from cmg.datasets.problems import Problems

Starts = dict[str, tuple[int, ...]]


def read_starts(path: Path, problems: Problems) -> Starts:
    """Sorted distinct start seconds by YouTube id.

    Two forms: vggsound.csv (four columns, labels with commas quoted), and a table with the header `video_id,starts` whose
    second column joins the seconds by `;` (an empty one means unknown). Unusable lines become problems.
    """
    found: dict[str, set[int]] = defaultdict(set)
    for line in read_lines(path, problems):
        fields = csv_fields(path, line, problems)
        if fields is None or fields == ["video_id", "starts"]:
            continue
        times = fields[1].split(";") if len(fields) == 2 and fields[1] else [fields[1]] if len(fields) == 4 else []
        if len(fields) not in (2, 4) or not all(time.isascii() and time.isdigit() and len(time) < 8 for time in times):
            problems.add(path.name, line.number, "malformed", "expected id,start,label,split or id,starts", line.text)
            continue
        found[fields[0]].update(map(int, times))
    return {video_id: tuple(sorted(times)) for video_id, times in found.items()}
