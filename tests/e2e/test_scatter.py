"""A stage with ``scatter: n`` runs as n parts and a gathering job under Snakemake, and as one command under DVC; same
bytes."""

import shutil

import pytest

from tests.e2e import miniature

pytestmark = pytest.mark.e2e

STORE = "data/features/ave/audio.zarr/zarr.json"


@pytest.fixture(scope="module")
def scattered(tmp_path_factory):
    """Indexed; no features yet; two clips per shard, so that there is something to share out."""
    project = miniature.create(tmp_path_factory.mktemp("scatter") / "p")
    project.set("features.clips_per_shard", 2)
    project.edit(
        "dvc.yaml", "audio.json\n      meta: {threads: 1, mem_mb: 4000}", "audio.json\n      meta: {scatter: 3}"
    )
    project.run("snakemake", "-j1", "data/index/ave.parquet")
    yield project
    shutil.rmtree(project.folder)


def test_parts_under_snakemake_end_in_the_bytes_of_one_command_under_dvc(scattered, tmp_path):
    other = scattered.copy_to(tmp_path / "dvc")
    said = scattered.run("snakemake", "-j3", STORE)
    said = said.stdout + said.stderr
    assert all(f"features_audio_ave_part_{part}" in said for part in (1, 2, 3))
    other.dvc("repro", "features_audio@ave")
    assert scattered.digests() == other.digests()
    assert "up to date" in scattered.dvc("status", "features_audio@ave")
    again = scattered.run("snakemake", "-j3", "--dry-run", STORE)
    assert "Nothing to be done" in again.stdout + again.stderr


def test_an_edit_runs_the_parts_again(scattered, tmp_path):
    project = scattered.copy_to(tmp_path / "p")
    project.set("scales.mini.features.audio.seed", 1)
    found = project.run("snakemake", "-j3", STORE, "--dry-run", "--quiet", "progress").stdout
    rules = {line.split()[1].rstrip(":") for line in found.splitlines() if line.startswith("rule ")}
    assert rules == {"features_audio_ave", *(f"features_audio_ave_part_{part}" for part in (1, 2, 3))}


def test_a_profile_may_name_a_stage_for_all_its_jobs(scattered):
    """What it says goes over what dvc.yaml says."""
    asked = ("--set-resources", "features_audio:runtime=7", "features_audio:mem_mb=123")
    found = scattered.run("snakemake", "-j4", "--dry-run", "--forceall", STORE, *asked)
    jobs = [job for job in (found.stdout + found.stderr).split("rule ") if job.startswith("features_audio_ave")]
    assert len(jobs) == 4 and all("runtime=7" in job and "mem_mb=123" in job for job in jobs)
