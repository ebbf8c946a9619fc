"""One table of a method's sweeps, and its figure where there is one: the main run and the points listed, published numbers beside."""

import argparse
from collections.abc import Iterator
from typing import Any

from cmg.methods import METHODS
from cmg.report.inputs import load_inputs
from cmg.report.markdown import table_markdown
from cmg.report.sweeps import sweep_figure, sweep_layout, sweep_table
from cmg.report.tablecsv import table_csv
from cmg.report.write import write_text
from pipeline import paths, receipts, reporting, sweeps
from pipeline.params import ParameterError, Params, unknown_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("table", help="one of `tables:` in ablations/<method>/params.yaml")


def run(args: argparse.Namespace, params: Params) -> None:
    sweep = sweeps.load(args.method)
    if args.table not in sweep.tables:
        raise ParameterError(f"{paths.sweeps(args.method)}: tables: {unknown_key(args.table, list(sweep.tables))}")
    rows, axis = sweep.tables[args.table], sweep.drawn.get(args.table)
    configs = {row: sweeps.merged(params.sections[args.method], sweep.points.get(row, {})) for row in rows}
    outputs = {ending: paths.table(args.table, ending) for ending in (["csv", "md"] + ["svg"] * bool(axis))}
    files = [paths.run_result(paths.run_name(args.method, seed, row)) for row in rows for seed in params.seeds]
    used = {"scale": params.scale, "seeds": params.seeds, "rows": {row: sweep.changes(row) for row in rows}}
    with receipts.record("sweep", args.table, inputs=files, outputs=list(outputs.values()), params=used):
        inputs = load_inputs(
            files,
            sample=params.uses_sample,
            random_backbones=reporting.random_backbones(params),
            fingerprints=_fingerprints(args.method, rows, params),
            pretraining=reporting.pretraining(params),
        )
        methods = {row: paths.varied(args.method, _point(row)) for row in rows}
        layout = sweep_layout(args.table, _values(sweep, rows, configs, params), sorted({run.protocol for run in inputs.runs}))
        table = sweep_table(layout, inputs, list(methods.values()), [methods[row] for row in rows if row in sweep.scorings])
        texts = {"csv": table_csv(table), "md": table_markdown(table)}
        if axis:
            places = {methods[row]: (str(config.get("modalities", "")), config[axis]) for row, config in configs.items()}
            texts["svg"] = sweep_figure(table, axis, places)
        for ending, path in outputs.items():
            write_text(path, texts[ending])


def _point(row: str) -> str | None:
    return None if row == sweeps.DEFAULT else row


def _fingerprints(method: str, rows: list[str], params: Params) -> dict[str, str]:
    """``{run: digest of everything above its result}``; the default point's are those of the main run."""
    found = receipts.load_all()
    names = [paths.run_name(method, seed, _point(row)) for row in rows for seed in params.seeds]
    return {name: receipts.fingerprint([f"evaluate/{name}"], found) for name in names}


def _values(sweep: sweeps.Sweeps, rows: list[str], configs: dict[str, dict], params: Params) -> dict[str, dict[str, Any]]:
    """Per row, its values of the keys in which the rows differ."""
    evaluate = params.evaluate.model_dump()
    used = {row: dict(_flat({**config, **evaluate, **sweep.scorings.get(row, {})})) for row, config in configs.items()}
    keys = dict.fromkeys(key for row in rows for key, _ in _flat(sweep.changes(row)))
    return {row: {key: found.get(key) for key in keys} for row, found in used.items()}


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested mappings."""
    for key, value in values.items():
        yield from _flat(value, f"{above}{key}.") if isinstance(value, dict) else [(f"{above}{key}", value)]
