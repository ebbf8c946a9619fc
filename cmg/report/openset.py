"""Open-set scores as CSV: mean, sample standard deviation and every seed's value per method, task, number of known
classes, direction."""

import csv
import io
from collections.abc import Mapping, Sequence

from cmg.report.layout import kind_of, row_order
from cmg.report.tablecsv import TOC, number
from cmg.report.tables import fingerprint_of, summarise
from cmg.results import OpenCell, Run

KEYS = ("task", "known_classes", "classes", "direction", "toc")
SCORES = ("h", "known", "unknown", "released_h", "released_known", "released_unknown", "auroc", "oscr", "closed")
HEADER = (
    *("method", "variant", "protocol", "seeds", *KEYS),
    *(f"{score}_{part}" for score in SCORES for part in ("mean", "sd", "seeds")),
    "fingerprint",
)


def open_groups(runs: Sequence[Run]) -> list[tuple[tuple, list[tuple[Run, OpenCell]]]]:
    """``(method, variant, protocol, *KEYS)`` with the runs of its seeds and their scores, in the order of the tables.

    Raises:
        ValueError: a run holds a cell twice.
    """
    found: dict[tuple, dict[int, tuple[Run, OpenCell]]] = {}
    for run in runs:
        for cell in run.openset:
            keys = tuple(getattr(cell, key) for key in KEYS)
            seeds = found.setdefault((run.method, run.variant, run.protocol, *keys), {})
            if run.seed in seeds:
                raise ValueError(f"run {run.name}: two open-set scores for {', '.join(map(str, keys))}; expected one")
            seeds[run.seed] = (run, cell)
    return [(key, [seeds[seed] for seed in sorted(seeds)]) for key, seeds in sorted(found.items(), key=_order)]


def openset_csv(runs: Sequence[Run], fingerprints: Mapping[str, str], notice: str = "") -> str:
    """The CSV text, notice first as a comment. ``released_*`` choose their threshold on test labels; the others do not.

    Raises:
        ValueError: a run holds a cell twice.
    """
    out = io.StringIO()
    out.write(f"# {' '.join(notice.split())}\n" if notice else "")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_line(key, held, fingerprints) for key, held in open_groups(runs))
    return out.getvalue()


def _order(item: tuple[tuple, object]) -> tuple:
    method, variant, protocol, *rest, toc = item[0]
    return (row_order(kind_of(method), method, toc, variant, protocol), rest)


def _line(key: tuple, held: list[tuple[Run, OpenCell]], fingerprints: Mapping[str, str]) -> list[str]:
    method, variant, protocol, *rest, toc = key
    line = [method, variant, protocol, ";".join(str(run.seed) for run, _ in held), *map(str, rest), TOC[toc]]
    for score in SCORES:
        cell = summarise([getattr(value, score) for _, value in held])
        line += [number(cell.mean), number(cell.sd), ";".join(map(number, cell.values))]
    return [*line, fingerprint_of([run for run, _ in held], fingerprints)]
