"""TOC against chance as CSV: what the dimensions that TOC kept score beside as many chosen at random, per method and
cell of table 1."""

import csv
import io
import statistics
from collections.abc import Iterator, Mapping, Sequence

from cmg.report.layout import AVERAGE, CELLS, CellSpec, kind_of, row_order
from cmg.report.tablecsv import number
from cmg.report.tables import fingerprint_of, summarise
from cmg.results import Cell, Run

QUANTITIES = ("toc", "random", "gain")
HEADER = (
    *("method", "variant", "protocol", "seeds", "cell", "q_seeds"),
    *(f"{quantity}_{part}" for quantity in QUANTITIES for part in ("mean", "sd", "seeds")),
    "fingerprint",
)


def random_q_csv(runs: Sequence[Run], fingerprints: Mapping[str, str], notice: str = "") -> str:
    """The CSV text, notice first as a comment: a line per method and cell that has both, then their average.

    random: mean of the choices of a seed; gain: TOC less that, seed by seed; deviations (n - 1) over seeds. Without the
    gain nothing is to the credit of the ranking.
    """
    out = io.StringIO()
    out.write(f"# {' '.join(notice.split())}\n" if notice else "")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    groups: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.method, run.variant, run.protocol), []).append(run)
    for (method, variant, protocol), held in sorted(
        groups.items(), key=lambda item: row_order(kind_of(item[0][0]), item[0][0], True, *item[0][1:])
    ):
        held = sorted(held, key=lambda run: run.seed)
        about = [method, variant, protocol, ";".join(str(run.seed) for run in held)]
        writer.writerows([*about, *line, fingerprint_of(held, fingerprints)] for line in _lines(held))
    return out.getvalue()


def _lines(runs: Sequence[Run]) -> Iterator[list[str]]:
    """Lines of one method: every cell that all seeds scored both ways, and the average over them where that is every
    cell."""
    found = {spec.key: _both_ways(runs, spec) for spec in CELLS}
    pairs = {key: [_pair(score) for score in scores] for key, scores in found.items() if len(scores) == len(runs)}
    for key, values in pairs.items():
        yield [key, ";".join(str(score.q) for score in found[key]), *_three(values)]
    if len(pairs) == len(CELLS):
        seeds = (zip(*seed, strict=True) for seed in zip(*pairs.values(), strict=True))
        yield [AVERAGE, "", *_three([(statistics.fmean(toc), statistics.fmean(drawn)) for toc, drawn in seeds])]


def _both_ways(runs: Sequence[Run], spec: CellSpec) -> list[Cell]:
    """One cell with TOC of each run that scored random choices beside it."""
    cells = [run.cell_of(spec.task, spec.direction, True) for run in runs]
    return [cell for cell in cells if cell is not None and "random_q" in cell.side]


def _pair(score: Cell) -> tuple[float, float]:
    return score.score, statistics.fmean(score.side["random_q"])


def _three(values: Sequence[tuple[float, float]]) -> list[str]:
    """Mean, deviation and seeds of TOC, of random choices, and of the difference."""
    columns = [[toc for toc, _ in values], [drawn for _, drawn in values], [toc - drawn for toc, drawn in values]]
    cells = [summarise(column) for column in columns]
    return [text for cell in cells for text in (number(cell.mean), number(cell.sd), ";".join(map(number, cell.values)))]
