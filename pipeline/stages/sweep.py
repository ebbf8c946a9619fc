"""One table of a method's sweeps, and its figure where there is one: the main run and the points listed, published
numbers beside."""

import argparse
from collections.abc import Iterable, Iterator
from typing import Any

from cmg.files import write_bytes
from cmg.methods import METHODS, config_class
from cmg.report.inputs import load_inputs
from cmg.report.markdown import table_markdown
from cmg.report.sweeps import sweep_figure, sweep_layout, sweep_table
from cmg.report.tablecsv import table_csv
from pipeline import paths, sweeps
from pipeline.orchestration import receipts
from pipeline.page import reporting
from pipeline.params import ParameterError, Params, unknown_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("table", help="one of `tables:` in ablations/<method>/params.yaml")


def run(args: argparse.Namespace, params: Params) -> None:
    sweep = sweeps.load(args.method)
    if args.table not in sweep.tables:
        raise ParameterError(f"{paths.sweeps(args.method)}: tables: {unknown_key(args.table, list(sweep.tables))}")
    sweeps.check_awaited(args.method, args.table, sweep.tables[args.table])
    rows, axis = sweep.tables[args.table], sweep.drawn.get(args.table)
    configs = {row: _config(args.method, sweep, row, params) for row in rows}
    places = _places(args.method, axis, configs) if axis else {}
    outputs = {ending: paths.table(args.table, ending) for ending in (["csv", "md"] + ["svg"] * bool(axis))}
    files = [paths.run_result(paths.run_name(args.method, seed, row)) for row in rows for seed in params.seeds]
    pretraining = reporting.pretraining(params)
    used = {
        "scale": params.scale,
        "seeds": params.seeds,
        "pretraining": pretraining,
        "rows": {row: sweep.changes(row) for row in rows},
    }
    with receipts.record(
        "sweep", args.table, inputs=files, outputs=list(outputs.values()), params=used, code_of=args.method
    ):
        inputs = load_inputs(
            files,
            sample=params.uses_sample,
            random_backbones=reporting.random_backbones(params),
            fingerprints=_fingerprints(args.method, rows, params),
            pretraining=pretraining,
            remark=reporting.remark(params),
            contrasts=reporting.contrasts(
                {paths.varied(args.method, _point(row)): config for row, config in configs.items()}
            ),
        )
        methods = _methods(args.method, rows)
        layout = sweep_layout(args.table, _values(sweep, rows, configs, params))
        table = sweep_table(
            layout, inputs, list(methods.values()), [methods[row] for row in rows if row in sweep.scorings]
        )
        texts = {"csv": table_csv(table), "md": table_markdown(table)}
        if axis:
            texts["svg"] = sweep_figure(table, axis, places)
        for ending, path in outputs.items():
            write_bytes(path, texts[ending].encode())


def _methods(method: str, rows: Iterable[str]) -> dict[str, str]:
    """``{row: method as its run results name it}``."""
    return {row: paths.varied(method, _point(row)) for row in rows}


def _config(method: str, sweep: sweeps.Sweeps, row: str, params: Params) -> dict[str, Any]:
    """Every value of the method's configuration in one row, those that params.yaml leaves out included."""
    values = sweeps.merged(params.method_config(method), sweep.points.get(row, {}))
    return config_class(method)(**values).model_dump()


def _places(method: str, axis: str, configs: dict[str, dict[str, Any]]) -> dict[str, tuple[str, float]]:
    """``{method as its run results name it: (modalities, value on the horizontal axis)}``.

    Raises:
        ParameterError: the method has no parameter of that name, or it is no number.
    """
    names, places = _methods(method, configs), {}
    for row, config in configs.items():
        if axis not in config:
            raise ParameterError(f"{paths.sweeps(method)}: drawn: {unknown_key(axis, list(config))}")
        if isinstance(config[axis], bool) or not isinstance(config[axis], int | float):
            raise ParameterError(
                f"{paths.sweeps(method)}: drawn: {axis}: expected a number, found {config[axis]!r} in row '{row}'"
            )
        places[names[row]] = (str(config.get("modalities", "")), config[axis])
    return places


def _point(row: str) -> str | None:
    return None if row == sweeps.DEFAULT else row


def _fingerprints(method: str, rows: list[str], params: Params) -> dict[str, str]:
    """``{run: digest of everything above its result}``; the default point's are those of the main run."""
    found = receipts.load_all()
    names = [paths.run_name(method, seed, _point(row)) for row in rows for seed in params.seeds]
    return {name: receipts.fingerprint([f"evaluate/{name}"], found) for name in names}


def _values(
    sweep: sweeps.Sweeps, rows: list[str], configs: dict[str, dict], params: Params
) -> dict[str, dict[str, Any]]:
    """Per row, its values of the keys in which the rows differ."""
    evaluate = params.evaluate.model_dump()
    used = {row: dict(_flat({**config, **evaluate, **sweep.scorings.get(row, {})})) for row, config in configs.items()}
    keys = dict.fromkeys(key for row in rows for key, _ in _flat(sweep.changes(row)))
    return {row: {key: found.get(key) for key in keys} for row, found in used.items()}


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested mappings."""
    for key, value in values.items():
        yield from _flat(value, f"{above}{key}.") if isinstance(value, dict) else [(f"{above}{key}", value)]
