"""SIGKILL in the middle of features or of pretraining; either tool continues and ends in the same bytes."""

import json

import pytest

from tests.e2e import miniature

pytestmark = pytest.mark.e2e

# stage, what it makes, its receipt as a target of Snakemake, files that show that a part of its work is done
WORK = {
    "features": (
        "features_video@vggsound_avel",
        "data/features/vggsound_avel/video.zarr",
        "data/features/vggsound_avel/video.zarr/zarr.json",
        "data/.work/features/vggsound_avel/video/**/journal/[0-9]*",
    ),
    "pretraining": ("pretrain@fcid-0", "data/checkpoints/fcid-0", "receipts/pretrain/fcid-0.json", "data/.work/pretrain/fcid-0.pt"),
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
    miniature.kill_when(project.start(*tools[first]), lambda: any(project.folder.glob(signs)))
    assert not (project.folder / made).exists(), "killed too late"
    project.run("snakemake", "--unlock", check=False)
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


def test_a_dry_run_beside_a_lock_touches_nothing_and_unlocking_records_what_was_finished(project):
    project.set("toc.lam", 0.7)
    made = project.start("snakemake", "-j1", "data/toc/baseline-0.json", "data/toc/fcid-0.json")
    marks = project.folder / "data/.work/snakemake"
    miniature.kill_when(made, lambda: any(marks.glob("toc_*")))
    before, (finished,) = state(project), [mark.name.split("_")[1] for mark in marks.glob("toc_*")]
    stale = project.dvc("status")  # a dry run of DVC needs the output that the killed job may have removed
    assert any("/locks/" in name for name in before) and "toc@fcid-0:" in stale and "toc@baseline-0:" in stale
    assert "holds the lock" in project.run("snakemake", "--dry-run").stderr
    assert state(project) == before
    project.run("snakemake", "--unlock")
    assert f"toc@{finished}-0:" not in project.dvc("status") and not any(marks.glob("toc_*"))
    assert {"toc_baseline_0", "toc_fcid_0"} - project.snakemake_would_run() == {f"toc_{finished}_0"}
