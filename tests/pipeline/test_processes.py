"""Several processes of one run: how the command that launches them ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LAUNCHER = Path("pipeline/processes.py").resolve()
WORKER = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
pathlib.Path(f"started-{os.environ['LOCAL_RANK']}").write_text(str(os.getpid()))
if sys.argv[1:] != ["wait"]:
    sys.exit(int(sys.argv[1]))
time.sleep(60)
"""


@pytest.fixture
def launched(tmp_path):
    """launched(argument): two processes that run a stand-in for `python -m pipeline`, under a launcher of their own."""
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "__init__.py").touch()
    (tmp_path / "pipeline" / "__main__.py").write_text(WORKER)
    code = f"import runpy; runpy.run_path({str(LAUNCHER)!r})['launch'](2, __import__('sys').argv[1:])"
    (tmp_path / "temporary").mkdir()
    paths = {
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(LAUNCHER.parents[1])]),
    }
    started = []

    def launch(argument):
        started.append(
            subprocess.Popen([sys.executable, "-c", code, argument], cwd=tmp_path, env={**os.environ, **paths})
        )
        return started[-1]

    yield launch
    for process in started:
        process.kill()
        process.wait()


def workers(folder):
    """Their numbers, once both have started."""
    files, until = [folder / f"started-{rank}" for rank in range(2)], time.monotonic() + 30
    while not all(file.is_file() and file.read_text() for file in files):
        assert time.monotonic() < until, "the processes did not start"
        time.sleep(0.05)
    return [int(file.read_text()) for file in files]


@pytest.mark.parametrize("who", ["launcher", "a worker"])
def test_sigterm_ends_all_of_them_with_143(launched, tmp_path, who):
    launcher = launched("wait")
    numbers = workers(tmp_path)
    os.kill(launcher.pid if who == "launcher" else numbers[1], signal.SIGTERM)
    assert launcher.wait(60) == 143
    assert not any((tmp_path / "temporary").iterdir())
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


@pytest.mark.parametrize(("status", "expected"), [("0", 0), ("3", 1)])
def test_other_ends(launched, tmp_path, status, expected):
    assert launched(status).wait(60) == expected
    assert not any((tmp_path / "temporary").iterdir())
