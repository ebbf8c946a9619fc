"""Tables: run results -> mean, sample standard deviation and every seed's value, with the published number beside.

The standard deviation is the sample one (n - 1 in the denominator) over seeds; with one seed there is none. The average
of a row is taken per seed over all cells of the table and only where all were run. A same-modality bound stands under
the direction whose scored modality it shares: V→A under its A→A, A→V under its V→V.
"""

import hashlib
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cmg.report.conditions import condition_of
from cmg.report.layout import BOUND, CHANCE, PUBLISHED, TABLE1, CellSpec, Layout, kind_of, row_order
from cmg.report.published import USUAL, Published, lookup, printed_rows, subset_beside
from cmg.results import Run


@dataclass(frozen=True)
class Summary:
    """Percentages. ``values`` has one entry per seed of the row (None: not run); chance lists its distinct values
    instead.

    ``applies`` is False where there is nothing to run: TOC of a method without a codebook, and the released scripts on
    it.
    """

    mean: float | None = None
    sd: float | None = None
    values: tuple[float | None, ...] = ()
    published: str = ""
    difference: float | None = None
    applies: bool = True

    @property
    def shown(self) -> float:
        """The mean of a cell that is known to have one; ValueError otherwise."""
        if self.mean is None:
            raise ValueError(f"expected a cell with a mean, found {self}")
        return self.mean


@dataclass(frozen=True)
class Row:
    """One line of the table; ``kind`` is one of ``layout.KINDS``; ``toc`` is None for chance.

    ``pretraining`` is the VGGSound-AVEL subset of the runs, or of the printed row.
    """

    method: str
    toc: bool | None
    kind: str
    variant: str
    protocol: str
    seeds: tuple[int, ...]
    cells: Mapping[str, Summary]
    fingerprint: str = ""
    pretraining: str = ""


@dataclass(frozen=True)
class Table:
    """Rows in reading order. ``notice`` is empty exactly when data and weights are real; ``remark``: what else is to be
    known of the features. ``ties``: how equal codes count in its runs. ``contrasts``: InfoNCE of methods that have it,
    ``{method: "τ 0.1, cosine"}``.
    """

    notice: str
    rows: tuple[Row, ...]
    layout: Layout = TABLE1
    ties: tuple[str, ...] = ()
    remark: str = ""
    contrasts: Mapping[str, str] = field(default_factory=dict)

    @property
    def first_line(self) -> str:
        """Notice and remark."""
        return "; ".join(filter(None, (self.notice, self.remark)))


def make_table(
    runs: Sequence[Run],
    published: Sequence[Published],
    fingerprints: Mapping[str, str],
    notice: str = "",
    pretraining: str = USUAL,
    layout: Layout = TABLE1,
) -> Table:
    """Build one table; a row with neither a score nor a published number is left out.

    Args:
        runs: any number of results; grouped by method, variant and protocol.
        published: printed numbers to stand beside ours.
        fingerprints: ``{run name: digest of what went in}``; a row's own is the one of its runs, or the digest of
            theirs in seed order.
        notice: what is not real about data or weights; a difference to the published number is taken only when it is
            empty, the protocol is ``published`` and both were pretrained on the same subset.
        pretraining: VGGSound-AVEL subset of the runs; published numbers of it stand beside them, or those of 40k where
            there are none.

    Raises:
        ValueError: two runs share method, variant, protocol and seed, or a run holds a cell twice.
    """
    rows: list[Row] = []
    beside = subset_beside(published, pretraining)
    comparable = not notice and beside == pretraining
    for group in _groups(runs):
        for toc in (False, True):
            printed = lookup(tuple(published), group[0].method, toc, beside)
            found = _row(layout, group, toc, kind_of(group[0].method), printed, fingerprints, comparable)
            if not any(run.codebook for run in group):
                found = [row for own in found for row in _without_codebook(own, layout)]
            rows += found
            rows += _row(layout, group, toc, BOUND, {}, fingerprints, comparable)
    for protocol in sorted({run.protocol for run in runs}):
        rows += _chance(layout, [run for run in runs if run.protocol == protocol], protocol, fingerprints)
    ordered = sorted(rows, key=lambda r: row_order(r.kind, r.method, r.toc, r.variant, r.protocol))
    ours = tuple(replace(row, pretraining=pretraining) for row in ordered)
    ties = sorted({str(cell.side["ties"]) for run in runs for cell in run.cells if "ties" in cell.side})
    return Table(" ".join(notice.split()), (*ours, *_printed(layout, tuple(published))), layout, tuple(ties))


def _printed(layout: Layout, published: tuple[Published, ...]) -> list[Row]:
    """The rows of the layout's source as printed, in its order."""
    rows = []
    for (method, toc, pretraining), found in (printed_rows(published, *layout.source) if layout.source else {}).items():
        cells = {column: Summary(published=found[column].printed) for column in layout.columns if column in found}
        rows.append(Row(method, toc, PUBLISHED, "", "", (), cells, pretraining=pretraining))
    return rows


def summarise(values: Sequence[float | None]) -> Summary:
    """Mean and sample standard deviation (n - 1) of the values that exist; no deviation for fewer than two."""
    present = [value for value in values if value is not None]
    if not present:
        return Summary(values=tuple(values))
    return Summary(statistics.fmean(present), statistics.stdev(present) if len(present) > 1 else None, tuple(values))


def _groups(runs: Sequence[Run]) -> list[list[Run]]:
    found: dict[tuple[str, str, str], dict[int, Run]] = {}
    for run in runs:
        seeds = found.setdefault((run.method, run.variant, run.protocol), {})
        if run.seed in seeds:
            raise ValueError(
                f"two results for run {run.name} (variant {run.variant}, protocol {run.protocol}); "
                "expected one; remove the stale file"
            )
        seeds[run.seed] = run
    return [[seeds[seed] for seed in sorted(seeds)] for _, seeds in sorted(found.items())]


def _row(
    layout: Layout,
    group: list[Run],
    toc: bool,
    kind: str,
    printed: dict[str, Published],
    fingerprints: Mapping[str, str],
    comparable: bool,
) -> list[Row]:
    scores = {spec.key: [spec.value(run, toc, kind == BOUND) for run in group] for spec in layout.cells}
    if all(value is None for values in scores.values() for value in values) and not printed.keys() & scores.keys():
        return []
    cells = _with_average(layout, scores)
    first = group[0]
    unlike = _unlike(layout, first, toc, printed)
    with_difference = comparable and first.protocol == "published"
    cells = {key: _beside(cell, printed.get(key), with_difference and key not in unlike) for key, cell in cells.items()}
    seeds, mark = tuple(run.seed for run in group), fingerprint_of([run.name for run in group], fingerprints)
    return [Row(first.method, toc, kind, first.variant, first.protocol, seeds, cells, mark)]


def _without_codebook(row: Row, layout: Layout) -> list[Row]:
    """The rows of a method that has no codebook, from its row: no cell with TOC applies, nor any that a released script
    would fill."""
    nothing = replace(row, toc=True, seeds=(), cells={column: Summary(applies=False) for column in row.cells})
    if row.protocol == "published" and all(isinstance(spec, CellSpec) for spec in layout.cells):
        beside = {column: Summary(published=cell.published, applies=False) for column, cell in row.cells.items()}
        row = replace(row, seeds=(), cells=beside)
    return [row, nothing]


def _with_average(layout: Layout, scores: dict[str, list[float | None]]) -> dict[str, Summary]:
    per_seed = zip(*scores.values(), strict=True)
    average = [None if None in values else statistics.fmean(values) for values in per_seed]
    return {key: summarise(values) for key, values in {**scores, layout.average: average}.items()}


def _unlike(layout: Layout, run: Run, toc: bool, printed: Mapping[str, Published]) -> set[str]:
    """Columns whose printed number is of another metric than the run's, and the average with any of them; no difference
    is taken there."""
    cells = [spec for spec in layout.cells if isinstance(spec, CellSpec) and spec.key in printed]
    found = {spec.key: run.cell_of(spec.task, spec.direction, toc) for spec in cells}
    unlike = {
        key for key, score in found.items() if score is not None and score.metric != condition_of(printed[key]).metric
    }
    return unlike | ({layout.average} if unlike else set())


def _beside(cell: Summary, printed: Published | None, with_difference: bool) -> Summary:
    if printed is None:
        return cell
    difference = cell.mean - printed.value if with_difference and cell.mean is not None else None
    return Summary(cell.mean, cell.sd, cell.values, printed.printed, difference)


def _chance(layout: Layout, runs: list[Run], protocol: str, fingerprints: Mapping[str, str]) -> list[Row]:
    cells = {spec.key: _chance_cell(value for run in runs for value in spec.chances(run)) for spec in layout.cells}
    means = [cell.mean for cell in cells.values() if cell.mean is not None]
    if not means:
        return []
    cells[layout.average] = summarise([statistics.fmean(means)] if len(means) == len(cells) else [])
    mark = fingerprint_of([run.name for run in runs], fingerprints)
    return [Row(CHANCE, None, CHANCE, "", protocol, (), cells, mark)]


def _chance_cell(chances: Iterable[float]) -> Summary:
    values = sorted(set(chances))
    return Summary(statistics.fmean(values), None, tuple(values)) if values else Summary()


def fingerprint_of(runs: Iterable[str], fingerprints: Mapping[str, str]) -> str:
    """The common fingerprint of some runs by name, or the SHA-256 of theirs one per line in name order; empty when one
    is unknown."""
    names = sorted(set(runs), key=lambda name: (name.rpartition("-")[0], int(name.rpartition("-")[2])))
    known = [fingerprints.get(name, "") for name in names]
    if not all(known):
        return ""
    return known[0] if len(set(known)) == 1 else hashlib.sha256("\n".join(known).encode()).hexdigest()[:16]
