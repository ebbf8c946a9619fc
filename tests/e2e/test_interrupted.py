"""SIGKILL in the middle of features or of pretraining; either tool continues and ends in the same bytes."""

import pytest

from tests.e2e import miniature

pytestmark = pytest.mark.e2e

# stage, what it makes, its receipt as a target of Snakemake, files that show that it is in the middle of its work
WORK = {
    "features": (
        "features_video@vggsound_avel",
        "data/features/vggsound_avel/video.zarr",
        "data/features/vggsound_avel/video.zarr/zarr.json",
        "data/.work/features/**/journal*",
    ),
    "pretraining": ("pretrain@fcid-0", "data/checkpoints/fcid-0", "receipts/pretrain/fcid-0.json", "logs/pretrain/fcid-0/**/*.tsv"),
}


@pytest.mark.parametrize("kind", WORK)
@pytest.mark.parametrize(("first", "second"), [("dvc", "snakemake"), ("snakemake", "dvc")])
def test_one_tool_is_killed_and_the_other_takes_over(project, made_by_dvc, kind, first, second):
    """The bytes of an undisturbed run, known to both."""
    stage, made, target, signs = WORK[kind]
    tools = {"dvc": ("dvc", "repro", stage), "snakemake": ("snakemake", "-j1", target)}
    project.forget(stage)
    assert not (project.folder / made).exists()
    miniature.kill_when(project.start(*tools[first]), lambda: any(project.folder.glob(signs)))
    assert not (project.folder / made).exists(), "killed too late"
    project.run("snakemake", "--unlock", check=False)
    project.run(*tools[second])
    assert project.digests() == made_by_dvc.digests()
    assert "up to date" in project.dvc("status")
    assert project.snakemake_would_run() == set()
