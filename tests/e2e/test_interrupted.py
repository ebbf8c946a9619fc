"""SIGKILL in the middle of features or of pretraining; either tool continues and ends in the same bytes. One tool at a
time."""

import json
import re
import subprocess
from functools import partial

import pytest

from tests.e2e import miniature

pytestmark = pytest.mark.e2e

# stage, what it makes, its receipt as a target of Snakemake, files that show, once they hold something, that a part of
# its work is done
WORK = {
    "features": (
        "features_video@vggsound_avel",
        "data/features/vggsound_avel/video.zarr",
        "data/features/vggsound_avel/video.zarr/zarr.json",
        "data/.work/features/vggsound_avel/video/**/journal/[0-9]*",
    ),
    "pretraining": (
        "pretrain@fcid-0",
        "data/checkpoints/fcid-0",
        "receipts/pretrain/fcid-0.json",
        "data/.work/pretrain/fcid-0.pt",
    ),
}


def log(project, name):
    return json.loads((project.folder / f"logs/{name}.json").read_text())


@pytest.mark.parametrize("kind", WORK)
@pytest.mark.parametrize(("first", "second"), [("dvc", "snakemake"), ("snakemake", "dvc")])
def test_one_tool_is_killed_and_the_other_goes_on(project, made_by_dvc, kind, first, second):
    """From where the first one was, to the bytes of an undisturbed run, known to both."""
    stage, made, target, signs = WORK[kind]
    tools = {"dvc": ("dvc", "repro", stage), "snakemake": ("snakemake", "-j1", target)}
    project.set("saves", {"steps": 1, "seconds": 0})
    project.forget(stage)
    assert not (project.folder / made).exists()
    miniature.kill_when(
        project.start(*tools[first]), lambda: any(file.stat().st_size for file in project.folder.glob(signs))
    )
    assert not (project.folder / made).exists(), "killed too late"
    project.run(*tools[second])
    if kind == "features":
        assert 0 < log(project, "features/vggsound_avel-video")["computed"] < sum(miniature.SPLIT.values())
    else:
        assert log(project, "pretrain/fcid-0")["training"]["steps_before"] > 0
    assert project.digests() == made_by_dvc.digests()
    assert "up to date" in project.dvc("status")
    assert project.snakemake_would_run() == set()


def state(project):
    """Content and time of what tells either tool what is done."""
    places = ("dvc.lock", "data/toc/*", "data/.work/snakemake/*", ".snakemake/locks/*", ".snakemake/incomplete/**/*")
    files = (file for place in places for file in project.folder.glob(place) if file.is_file())
    return {str(file): (file.stat().st_mtime, file.read_bytes()) for file in files}


def test_what_a_killed_snakemake_had_finished_is_recorded_by_the_next(project):
    """Without unlocking: nobody holds what a dead process held."""
    project.set("toc.lam", 0.7)
    made = project.start("snakemake", "-j1", "data/toc/baseline-0.json", "data/toc/fcid-0.json")
    marks = project.folder / "data/.work/snakemake"
    miniature.kill_when(made, lambda: any(marks.glob("toc_*")))
    (finished,) = [mark.name.split("_")[1] for mark in marks.glob("toc_*")]
    assert any((project.folder / ".snakemake/locks").iterdir())
    assert {"toc_baseline_0", "toc_fcid_0"} - project.snakemake_would_run() == {f"toc_{finished}_0"}
    assert f"toc@{finished}-0:" not in project.dvc("status") and not any(marks.glob("toc_*"))


def test_beside_a_running_snakemake_a_dry_run_touches_nothing_and_all_else_is_refused_in_a_line(project):
    code = (
        "import time; from pipeline.orchestration import handover\n"
        "with handover.alone(): print('held', flush=True); time.sleep(600)"
    )
    running = project.start("timeit", "-n1", "-r1", code, stdout=subprocess.PIPE)
    assert running.stdout.readline() == "held\n"
    try:
        before = state(project)
        for command in (
            ["snakemake", "--dry-run"],
            ["snakemake", "-j1"],
            ["pipeline", "record"],
            ["pipeline", "recover"],
        ):
            done = project.run(*command, check=False)
            said = [
                line for line in done.stderr.splitlines() if f"Snakemake in this folder: process {running.pid}" in line
            ]
            assert len(said) == 1 and "Traceback" not in done.stderr and state(project) == before
            assert (done.returncode == 0) == (command[1] == "--dry-run")
    finally:
        miniature.kill(running)


def test_what_only_reads_says_in_a_line_that_another_is_at_work(project):
    code = (
        "import time; from pipeline.orchestration import handover\n"
        "handover.ready(False); print('held', flush=True); time.sleep(600)"
    )
    running = project.start("timeit", "-n1", "-r1", code, stdout=subprocess.PIPE)
    assert running.stdout.readline() == "held\n"
    try:
        done = project.run("pipeline", "verify", "results/table1.csv", check=False)
    finally:
        miniature.kill(running)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "at work in this folder" in done.stderr.splitlines()[-1] and str(running.pid) in done.stderr.splitlines()[-1]


def test_two_tools_at_once(project):
    """DVC starts no stage while Snakemake is at work, Snakemake nothing while DVC runs one; what there is stays."""
    project.set("saves", {"steps": 1, "seconds": 0})
    before, lam = project.digests(), project.value("toc")["lam"]
    for first, second in ((("dvc", "repro"), ("snakemake", "-j1")), (("snakemake", "-j1"), ("dvc", "repro"))):
        project.set("toc.lam", 0.7 if first[0] == "dvc" else 0.8)
        running = project.start(*first)
        miniature.kill_when(running, partial(refused_beside, running, project, *second))
    project.set("toc.lam", lam)
    project.run("pipeline", "recover")
    project.dvc("repro")
    assert project.digests() == before


def refused_beside(running, project, tool, *words):
    """Whether a tool that is started now is told that the running one is at work; not asked until that one has said
    so."""
    owners = project.folder / ".dvc/tmp/rwlock"  # both write themselves into it
    if not owners.exists() or not re.search(rf"\b{running.pid}\b", owners.read_text()):
        return False
    done = project.run(tool, *words, check=False)
    assert done.returncode, f"it ran beside the other, which {'runs' if running.poll() is None else 'has ended'}"
    return (
        "at work in this folder" in done.stderr or "is busy" in done.stderr or "Unable to acquire lock" in done.stderr
    )
