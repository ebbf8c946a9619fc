"""How a command ends: expected errors are their message alone, all others keep their traceback."""

import ast
import importlib
from pathlib import Path

import pytest

from pipeline.errors import EXPECTED
from pipeline.stages import toc

# caught on the way, or faults of the code
OTHERS = {
    "cmg.media.failure.MediaFailure",
    "cmg.released.formats.ReleasedError",
    "cmg.released.unpickle.RefusedPickle",
    "cmg.tasks.strict.LeakError",
}


def own_errors():
    """Every exception class of cmg and pipeline, as module and name."""
    for file in [*Path("cmg").rglob("*.py"), *Path("pipeline").rglob("*.py")]:
        module = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        named = [
            node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef) and node.bases
        ]
        if any(word in file.read_text() for word in ("Error)", "Exception)")):
            yield from (
                f"{module}.{name}"
                for name in named
                if issubclass(getattr(importlib.import_module(module), name), Exception)
            )


def test_every_error_of_ours_is_one_or_the_other():
    assert set(own_errors()) == EXPECTED | OTHERS


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_expected_error_is_its_message_and_status_1(folder, monkeypatch, capsys, name):
    module, _, kind = name.rpartition(".")

    def fail(args, params):
        raise getattr(importlib.import_module(module), kind)("what was found, and what to do")

    monkeypatch.setattr(toc, "run", fail)
    assert folder().run("toc fcid 0") == 1
    assert capsys.readouterr().err == "what was found, and what to do\n"


def test_an_unexpected_error_keeps_its_traceback(folder, monkeypatch):
    monkeypatch.setattr(toc, "run", lambda args, params: {}["absent"])
    with pytest.raises(KeyError):
        folder().run("toc fcid 0")
