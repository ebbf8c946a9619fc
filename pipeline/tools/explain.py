"""Why a number of a table is what it is: what its heads were fitted, chosen and scored on, classes, wrong clips, files
behind it."""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from cmg.answers import NOTHING, Answer, class_scores, confusion, read_answers
from cmg.report.layout import LAYOUTS, CellSpec, Layout, label
from cmg.report.tablecsv import number, read_table
from cmg.report.tables import Row, Summary
from cmg.results import Cell, Run, read_run
from pipeline import disk, paths
from pipeline.orchestration import receipts
from pipeline.params import ParameterError, Params, unknown_key

CLIPS, PAIRS = 20, 10  # wrong clips and confusions that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", type=Path, help="a table of heads: results/table1.csv, results/codaar_table8.csv")
    parser.add_argument("method", help="a method of the table, such as fcid")
    parser.add_argument("cell", help="a column of the table, such as ave_va")
    parser.add_argument("--toc", action="store_true", help="the row with TOC")
    parser.add_argument("--clips", type=int, default=CLIPS, metavar="N", help=f"wrong clips to print ({CLIPS})")


def run(args: argparse.Namespace, params: Params) -> None:
    layout, spec = _place(args.table, args.cell)
    disk.present(args.table)
    row = _row(read_table(args.table, layout).rows, args)
    runs = [read_run(paths.run_result(paths.run_name(row.method, seed))) for seed in row.seeds]
    cells = [cell for run in runs if (cell := run.cell_of(spec.task, spec.direction, args.toc))]
    if not cells:
        raise ParameterError(
            f"{args.table}: {label(row.method, args.toc)} has no score of {args.cell}: "
            "it was not run, or nothing applies"
        )
    kept = {run.seed: _answers(run, spec, args.toc) for run in runs}
    lines = [
        *_about(args.table, row, spec),
        *_fitted(cells[0]),
        *_behind(runs, cells),
        *_classes(kept),
        *_wrong(kept, args.clips),
    ]
    print("\n".join(lines))


def _place(table: Path, cell: str) -> tuple[Layout, CellSpec]:
    """The layout of the table and what its column is."""
    layouts = {
        f"{layout.name}.csv": layout for layout in LAYOUTS if all(isinstance(spec, CellSpec) for spec in layout.cells)
    }
    if table.name not in layouts:
        raise ParameterError(f"{table}: no table of heads; expected {' or '.join(layouts)}")
    specs = {spec.key: spec for spec in layouts[table.name].cells if isinstance(spec, CellSpec)}
    if cell not in specs:
        raise ParameterError(f"{table}: {unknown_key(cell, list(specs))}")
    return layouts[table.name], specs[cell]


def _row(rows: Sequence[Row], args: argparse.Namespace) -> Row:
    """The row of the method that was run, with or without TOC."""
    own = [row for row in rows if row.kind in ("control", "method") and row.seeds]
    found = [row for row in own if row.method == args.method and bool(row.toc) == args.toc]
    if not found:
        hint = " (the row with TOC: --toc)" if args.method.endswith("_toc") else ""
        raise ParameterError(
            f"{args.table}: {unknown_key(args.method, list(dict.fromkeys(row.method for row in own)))}{hint}"
        )
    return found[0]


def _answers(run: Run, spec: CellSpec, toc: bool) -> list[Answer]:
    file = paths.answers(run.name)
    disk.present(file)
    return [
        item for item in read_answers(file) if (item.task, item.direction, item.toc) == (spec.task, spec.direction, toc)
    ]


def _about(table: Path, row: Row, spec: CellSpec) -> Iterator[str]:
    cell = row.cells.get(spec.key, Summary())
    spread = "" if cell.sd is None else f" ± {number(cell.sd)}"
    seeds = ", ".join(f"{number(value)} (seed {seed})" for seed, value in zip(row.seeds, cell.values, strict=True))
    yield f"{label(row.method, row.toc)}, {spec.label}: {number(cell.mean)}{spread} %: {seeds}"
    yield (
        f"  published {cell.published or 'by no paper'}; "
        f"protocol {row.protocol}, variant {row.variant}, VGGSound-AVEL {row.pretraining}"
    )
    yield f"  fingerprint {row.fingerprint}; is it true: python -m pipeline verify {table}"


def _fitted(cell: Cell) -> Iterator[str]:
    chosen = (
        f"epoch and Q chosen on {cell.n_val} validation clips in {cell.fit_modality}"
        if cell.n_val
        else "epoch and Q fixed"
    )
    yield (
        f"head fitted on {cell.fit_modality} of {cell.n_fit} clips; "
        f"{chosen}; scored on {cell.test_modality} of {cell.n_test} clips"
    )
    yield f"  {cell.metric} over {cell.classes} classes; chance, the best constant answer, {number(cell.chance)}"


def _behind(runs: Sequence[Run], cells: Sequence[Cell]) -> Iterator[str]:
    known = receipts.load_all()
    made = {path: digest for receipt in known.values() for path, digest in receipt["outputs"].items()}
    for run, cell in zip(runs, cells, strict=True):
        validation = "" if cell.side.get("val_score") is None else f", validation {number(cell.side['val_score'])}"
        kept = (
            "all dimensions"
            if cell.q is None
            else f"Q {cell.q} dimensions" + f", {cell.dead} of them dead" * bool(cell.dead)
        )
        yield f"seed {run.seed}: {number(cell.score)}, epoch {cell.side.get('epoch', 'unknown')}{validation}, {kept}"
        for path in (paths.checkpoint(run.name), paths.codes(run.name), paths.answers(run.name)):
            yield f"  {path} ({made.get(path.as_posix(), 'no receipt')[:12]})"


def _classes(kept: dict[int, list[Answer]]) -> Iterator[str]:
    answers = [item for found in kept.values() for item in found]
    if not answers:
        yield "no answers are kept of this cell (the protocol `published` keeps none)"
        return
    what, counted = ("F", "seconds") if answers[0].seconds else ("right", "clips")
    yield f"per class, {what} in percent, over all seeds"
    yield from (
        f"  {score:6.1f}  {name} ({clips // len(kept)} clips)" for name, (score, clips) in class_scores(answers).items()
    )
    yield f"commonest confusions, {counted} over all seeds"
    mistaken = [(pair, count) for pair, count in confusion(answers).most_common() if pair[0] != pair[1]]
    yield from (f"  {count:6}  {real} taken for {told}" for (real, told), count in mistaken[:PAIRS])


def _wrong(kept: dict[int, list[Answer]], most: int) -> Iterator[str]:
    """Clips by how many seeds had them wrong."""
    wrong: dict[tuple[int, str, str], list[tuple[int, str]]] = defaultdict(list)
    for seed, answers in kept.items():
        for item in answers:
            if not item.right:
                wrong[item.row, item.clip_id, item.truth].append((seed, item.answer))
    ordered = sorted(wrong.items(), key=lambda item: (-len(item[1]), item[0]))
    yield (
        f"{len(wrong)} clips are wrong in some seed, {sum(len(found) == len(kept) for found in wrong.values())} in all"
    )
    for (row, name, truth), found in ordered[:most]:
        said = "; ".join(f"{told or NOTHING} (seed {seed})" for seed, told in found)
        yield f"  row {row} {name!r}: {truth or NOTHING}; said: {said}"
    if len(ordered) > most:
        yield f"  … and {len(ordered) - most} more (--clips {len(ordered)})"
