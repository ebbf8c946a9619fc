"""One process at a time."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from dvc.lock import LockError

from pipeline.orchestration.claims import Busy, at_work, claimed
from tests.conftest import REPOSITORY

HOLD = """
import time
from pathlib import Path
from pipeline.orchestration.claims import claimed

with claimed(Path({!r}), "x"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held(file):
    """Another process holds ``file``; gives that process."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(str(file.absolute()))], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_process_is_told_who_holds_it_and_a_killed_one_holds_nothing(tmp_path):
    file = tmp_path / "folder/claim"
    with held(file) as process:
        for _ in range(2):
            with pytest.raises(Busy, match=f"training: process {process.pid} on "), claimed(file, "training"):
                pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with claimed(file, "training"):
            assert f"process {os.getpid()}" in file.read_text()


def test_who_holds_several_outputs_is_named_once():
    owner = "\n  (PID 7): dvc repro"
    told = f"'/p/receipts' is busy, it is being blocked by:{owner}{owner}\n\nIf there are no processes…"
    said = "'/p/receipts' is busy, it is being blocked by: (PID 7): dvc repro; wait until it has ended, or stop it"
    assert str(at_work(LockError(told))).endswith(said)
