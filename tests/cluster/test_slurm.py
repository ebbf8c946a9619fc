"""The shipped profile on a real Slurm, with and without GPUs, a job and Snakemake killed; the bytes of DVC's run.
`make cluster`."""

import os
import shutil
import subprocess
import time

import pytest

from tests.cluster import slurm
from tests.e2e import miniature

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]

SNAKEMAKE = ("snakemake", "--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "3")
TABLE, STORE = "results/table1.csv", "data/features/ave/video.zarr/zarr.json"
PACKAGES = ("munge", "slurm-wlm")


@pytest.fixture(scope="session", autouse=True)
def installed():
    if os.getuid():
        pytest.skip("needs root, to start Slurm's daemons")
    if slurm.CONFIGURATION.exists():
        pytest.skip(f"this machine has a Slurm ({slurm.CONFIGURATION})")
    if missing := slurm.missing():
        if not shutil.which("apt-get"):
            pytest.skip(f"not installed, and no apt-get to install it with: {', '.join(missing)}")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                ["apt-get", "-qq", *command], env=environment, capture_output=True, text=True, check=False
            )
        if slurm.missing():
            pytest.skip(f"could not be installed: {', '.join(missing)}: {done.stderr[-300:]}")


@pytest.fixture(scope="session")
def made_by_dvc(tmp_path_factory):
    project = created(tmp_path_factory.mktemp("dvc") / "p")
    project.dvc("repro", "tables")
    return project


def created(folder):
    """Its sounds and pictures of the first dataset in three parts each."""
    project = miniature.create(folder)
    project.set("features.clips_per_shard", 2)
    for modality, resources in (("audio", ""), ("video", "gpu: 1, ")):
        project.edit(
            "dvc.yaml",
            f"{modality}.json\n      meta: {{threads: 1, ",
            f"{modality}.json\n      meta: {{scatter: 3, threads: 1, ",
        )
        assert f"scatter: 3, threads: 1, {resources}mem_mb" in (project.folder / "dvc.yaml").read_text()
    project.commit("scattered")
    return project


def running(rule):
    """Number in Slurm of a rule's job, once it runs."""
    said = subprocess.run(
        ["squeue", "-h", "--states=RUNNING", "-o", "%i %k"], capture_output=True, text=True, check=True
    ).stdout
    return next((job for job, name in map(str.split, said.splitlines()) if name == f"rule_{rule}"), None)


def until_no_job_is_left():
    while subprocess.run(["squeue", "-h"], capture_output=True, check=True).stdout:
        time.sleep(1)


def test_killed_jobs_and_a_killed_snakemake_end_in_the_bytes_of_dvc(made_by_dvc, tmp_path):
    project = created(tmp_path / "p")
    project.set("saves", {"steps": 1, "seconds": 0})
    with slurm.cluster(tmp_path / "slurm", gpus=2):
        part = "features_video_vggsound_avel_part_2"
        cancelled = project.start(*SNAKEMAKE, TABLE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while not (job := running(part)):
            assert cancelled.poll() is None, cancelled.stdout.read()
            time.sleep(0.2)
        subprocess.run(["scancel", job], check=True)
        said, _ = cancelled.communicate()
        assert cancelled.returncode == 1 and f"SLURM-job '{job}' failed" in said and part in said
        until_no_job_is_left()

        miniature.kill_when(project.start(*SNAKEMAKE, TABLE), lambda: running("pretrain_fcid_0"), timeout=1800)
        until_no_job_is_left()  # they outlive Snakemake

        project.run(*SNAKEMAKE, TABLE)
        project.set("saves", made_by_dvc.value("saves"))
        assert project.digests() == made_by_dvc.digests()
        assert miniature.ran(project.dvc("repro", "--dry", "tables")) == set()
        assert "Nothing to be done" in "".join(project.run(*SNAKEMAKE, TABLE).stderr)


def test_without_gpus_the_refusal_is_shown_and_device_cpu_asks_for_none(made_by_dvc, tmp_path):
    project = created(tmp_path / "p")
    with slurm.cluster(tmp_path / "slurm"):
        refused = project.run(*SNAKEMAKE, STORE, check=False)
        assert refused.returncode == 1 and "sbatch: error: " in refused.stderr
        project.set("device", "cpu")
        project.run(*SNAKEMAKE, STORE)
    made, expected = project.digests(), made_by_dvc.digests()
    assert STORE in made and made.items() <= expected.items()
