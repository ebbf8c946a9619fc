"""The command that makes a file, found in dvc.yaml and the stages of sweeps and side branches: what a message about a
missing one names."""

import re
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

from pipeline import paths

PART = re.compile(r"\$\{([^}]+)\}")


def command_of(path: Path) -> str | None:
    """``python -m pipeline index ave`` for ``data/index/ave.parquet``; None for what no stage makes. DVC need not be
    installed."""
    listed = paths.listed(path)
    if listed:
        name, source = listed
        return f"python -m pipeline scan {name}" + f" --source {source}" * (source != "raw")
    return next((filled for out, command in _outputs() if (filled := _filled(out, command, path.as_posix()))), None)


def _outputs() -> Iterator[tuple[str, str]]:
    """Outputs as they are written, and what makes them: a stage of dvc.yaml its command, one of another file the whole
    file."""
    for file in filter(Path.exists, (Path("dvc.yaml"), *map(paths.stages, paths.aside()))):
        for stage in YAML(typ="safe").load(file.read_text(encoding="utf-8"))["stages"].values():
            written = stage.get("do", stage)
            command = written["cmd"] if file.name == file.as_posix() else repro(file.parent)
            for out in written.get("outs", ()):
                yield (next(iter(out)) if isinstance(out, dict) else out), command


def repro(folder: Path, stage: str = "") -> str:
    """The command that runs a sweep or side branch, or a stage of it: right whether it is enabled or not."""
    return f"python -m pipeline enable {folder} && dvc repro {folder}/dvc.yaml{stage and f':{stage}'}"


def disabled(path: Path) -> str | None:
    """The command that lets the tools know a file's stage, where a sweep or side branch makes it that nobody has
    enabled."""
    command, _, run = (command_of(path) or "").partition(" && ")
    return command if run and not Path(run.split()[-1]).exists() else None


def _filled(out: str, command: str, path: str) -> str | None:
    """The command with the parts that the path has in the places of ``${…}``; None where the path is another
    output's."""
    names = list(dict.fromkeys(PART.findall(out)))
    pattern, seen = "", set()
    for place, text in enumerate(PART.split(out)):
        number = names.index(text) if place % 2 else 0
        pattern += re.escape(text) if not place % 2 else f"(?P=p{number})" if text in seen else f"(?P<p{number}>[^/]+)"
        seen |= {text} if place % 2 else set()
    found = re.fullmatch(pattern, path)
    return PART.sub(lambda part: found[f"p{names.index(part[1])}"], command) if found else None
