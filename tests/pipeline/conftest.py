"""A folder in which stages run in this process: the repository's code, its params.yaml made small, no data."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline.__main__ import main
from tests import edits
from tests.parameters import set_value

REPOSITORY = Path(__file__).resolve().parents[2]


class Folder:
    """`run(command)` runs a stage or tool and returns its status; `set(key, value)` edits params.yaml."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("cmg", "pipeline"):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).symlink_to(REPOSITORY / name)
        (path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
        self.set("threads", 1)
        self.set("scales.mini.features.video.widths", [4, 4, 8, 8, 16])

    def run(self, command: str) -> int:
        return main(command.split())

    def set(self, key: str, value: object) -> None:
        set_value(self.path / "params.yaml", key, value)

    def change(self, place: str) -> None:
        """Change what ``file:name`` means; this process goes on with the code that it has loaded."""
        file, _, name = place.partition(":")
        edits.change(self._own(file), name)

    def comment(self, file: str) -> None:
        edits.comment(self._own(file))

    def _own(self, file: str) -> Path:
        if (self.path / "cmg").is_symlink():
            for name in ("cmg", "pipeline"):
                (self.path / name).unlink()
                shutil.copytree(REPOSITORY / name, self.path / name, ignore=shutil.ignore_patterns("__pycache__"))
        return self.path / file

    def files(self, *folders: str) -> dict[str, bytes]:
        """Content of every file below these folders."""
        found = (file for folder in folders for file in sorted((self.path / folder).rglob("*")) if file.is_file())
        return {file.relative_to(self.path).as_posix(): file.read_bytes() for file in found}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Folder]:
    """folder(name) makes a folder and works in it from then on; torch's settings are put back afterwards."""

    def make(name: str = "p") -> Folder:
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        monkeypatch.delenv("CMG_DATA", raising=False)
        return Folder(tmp_path / name)

    deterministic, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    yield make
    torch.use_deterministic_algorithms(deterministic)
    torch.set_num_threads(threads)
