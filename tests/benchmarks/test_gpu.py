"""The script that measures a GPU: which parts it runs, leaves out and names as failed, and the part that no other
script has."""

import json
import subprocess
import sys

import pytest

from benchmarks import arrays

PYTHON = """#!/bin/bash
if [ "$1" != -m ]; then
  [ "$1" = - ] && [[ " $* " = *" $ABSENT "* ]] && echo "$ABSENT" && exit
  exec true
fi
echo "runs ${*:2}"
[[ "$2 $*" != *"$FAILS"* ]]
"""


@pytest.fixture
def script(tmp_path):
    """Runs it with a Python that says what it was to run."""
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)

    def run(device, absent="none", fails="nothing"):
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "ABSENT": absent, "FAILS": fails}
        return subprocess.run(
            ["bash", "benchmarks/gpu.sh", device], env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_every_part_runs(script, device):
    done = script(device)
    ran = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("runs")]
    step = "benchmarks.step"
    assert ran == ["pytest", step, step, "benchmarks.extract", step, step] and (done.returncode, done.stderr) == (0, "")
    assert ("--batch-size 80" in done.stdout) == (device == "cuda")


def test_a_part_without_its_packages_is_left_out_by_name_and_the_network_timed_on_arrays(script):
    done = script("cuda", absent="av")
    assert "extraction: left out, not installed: av" in done.stdout and "runs benchmarks.extract" not in done.stdout
    assert "runs benchmarks.arrays --device cuda --full" in done.stdout and done.returncode == 0


def test_a_part_that_fails_is_named_and_the_others_go_on(script):
    done = script("cpu", fails="fcid")
    assert done.returncode == 1 and done.stdout.count("FAILED with status 1") == 2
    assert "runs benchmarks.extract" in done.stdout and "methods codaar" in done.stdout


def test_the_network_alone_on_arrays(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", "arrays --frames 2 --rounds 1 --precisions float32".split())
    arrays.main()
    assert json.loads(capsys.readouterr().out)["bare_frames_per_second"]["float32"] > 0
