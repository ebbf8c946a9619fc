"""Sweeps: variations of a method's main run, named in ``ablations/<method>/params.yaml``.

A point is a name and the values that it has in place of those of the method's section in params.yaml; everything else
is the main run's. A scoring has values in place of those under ``evaluate:``, and nothing is trained for it.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError
from ruamel.yaml import YAML

from cmg.faults import faults
from cmg.methods import METHODS
from pipeline import paths, yamlfile
from pipeline.params import Evaluate, ParameterError, Params, Released, Section, unknown_key

DEFAULT = "default"  # the main run, as a point
Name = Annotated[str, StringConstraints(pattern="^[a-z0-9]+(_[a-z0-9]+)*$")]


class Sweeps(Section):
    """One method's points, scorings, and tables; ``tables`` lists the rows of each, ``drawn`` the value that a figure
    is drawn against."""

    points: dict[Name, dict[str, Any]]
    scorings: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    tables: dict[Name, list[Name]]
    drawn: dict[Name, str] = Field(default_factory=dict)

    def changes(self, row: str) -> dict[str, Any]:
        """What a row of a table has in place of the main run's values; nothing for the default point."""
        return {**self.points, **self.scorings, DEFAULT: {}}[row]


def load(method: str) -> Sweeps:
    """The sweeps of one method.

    Raises:
        ParameterError: it has none, a key or name cannot be used, or a table lists a row that does not exist.
    """
    path = paths.sweeps(method)
    if not path.is_file():
        raise ParameterError(f"{path}: no such file; {method} has no sweeps (docs/ablations.md says how to add some)")
    try:
        found = Sweeps(**yamlfile.read(path))
    except ValidationError as error:
        raise ParameterError("\n".join(f"{path}: {line}" for line in faults(error))) from error
    known = [*found.points, *found.scorings]
    if DEFAULT in known or len(set(known)) < len(known):
        raise ParameterError(f"{path}: points and scorings need names of their own, and '{DEFAULT}' is the main run's")
    for table, rows in found.tables.items():
        _check_known(f"{path}: tables.{table}", rows, [DEFAULT, *known])
    _check_known(f"{path}: drawn", found.drawn, list(found.tables))
    return found


def _check_known(where: str, names: Iterable[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            raise ParameterError(f"{where}: {unknown_key(name, known)}")


def check_awaited(method: str, table: str, rows: Iterable[str]) -> None:
    """A table's stage, where it has one, depends on the folders of its rows and of no other, so that a table makes its
    own points.

    Raises:
        ParameterError: dvc.yaml lists others.
    """
    file = paths.stages(paths.sweeps(method).parent)
    stages = YAML(typ="safe").load(file.read_text())["stages"] if file.is_file() else {}
    if table not in stages:
        return
    runs = [paths.run_name(method, 0, row) for row in rows]
    wanted = {paths.point_folder(room, run).as_posix() for room in (paths.RESULTS, paths.RECEIPTS) for run in runs}
    listed = {dep for dep in stages[table]["deps"] if Path(dep).parent.name == "ablations"}
    if wrong := [f"add {dep}" for dep in sorted(wanted - listed)] + [
        f"take out {dep}" for dep in sorted(listed - wanted)
    ]:
        raise ParameterError("\n".join(f"{file}: stages.{table}.deps: {what}" for what in wrong))


def add_run_arguments(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Which run a stage works on: method, seed, a point of a sweep where it is not the main run. Returns what excludes
    a point.

    ``given`` is how the values of the point come into the parameters, so that it counts as code of the stage.
    """
    parser.set_defaults(given=applied)
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("seed", type=int)
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--point", help="a point of the method's sweeps, in ablations/<method>/params.yaml; default: the main run"
    )
    return other


def words(args: argparse.Namespace) -> list[str]:
    """The arguments of ``add_run_arguments`` as they stand on a command line."""
    return [args.method, str(args.seed), *(["--point", args.point] if args.point else [])]


def named(args: argparse.Namespace) -> str:
    """Where the values of a command's point are, for the end of an error about one; empty without a point."""
    return (
        f" (values of point '{args.point}' are in {paths.sweeps(args.method)})" if getattr(args, "point", None) else ""
    )


def applied(params: Params, args: argparse.Namespace) -> Params:
    """The parameters at the point or scoring that a command names; as they are when it names none.

    Raises:
        ParameterError: there is no such point, its values cannot be used, or they are the main run's.
    """
    for kind, apply in (("point", _at_point), ("scoring", _at_scoring)):
        name = getattr(args, kind, None)
        if name is not None:
            named = getattr(load(args.method), f"{kind}s")
            _check_known(f"{paths.sweeps(args.method)}: {kind}s", [name], list(named))
            params = apply(params, args.method, f"{paths.sweeps(args.method)}: {kind}s.{name}", named[name])
    return params


def _at_point(params: Params, method: str, where: str, changes: dict[str, Any]) -> Params:
    """A point is always trained, also where the main run imports a released checkpoint."""
    section = merged(params.sections[method], changes)
    _check_new(where, section != params.sections[method], method)
    update = {"sections": {**params.sections, method: section}, "released": {**params.released, method: Released()}}
    return params.model_copy(update=update)


def _at_scoring(params: Params, method: str, where: str, changes: dict[str, Any]) -> Params:
    if params.evaluate.protocol == "published" and changes.keys() & {"toc_score", "toc_worst"}:
        raise ParameterError(
            f"{where}: the published protocol ranks and keeps as the released scripts; set evaluate.protocol: strict"
        )
    try:
        evaluate = Evaluate(**{**params.evaluate.model_dump(), **changes})
    except ValidationError as error:
        raise ParameterError("\n".join(f"{where}: {line}" for line in faults(error))) from error
    _check_new(where, evaluate != params.evaluate, "evaluate")
    return params.model_copy(update={"evaluate": evaluate})


def _check_new(where: str, differs: bool, section: str) -> None:
    if not differs:
        raise ParameterError(
            f"{where}: params.yaml has these values under {section}, so this is the main run; list '{DEFAULT}' instead"
        )


def merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``values`` with those of ``changes`` in their place, mappings inside merged alike."""
    nested = {key: merged(values.get(key) or {}, new) if isinstance(new, dict) else new for key, new in changes.items()}
    return {**values, **nested}
