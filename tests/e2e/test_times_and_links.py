"""No plan of Snakemake's depends on times or links of files: it redoes what DVC finds stale, and nothing else."""

import os
import shutil
import time

import pytest

pytestmark = pytest.mark.e2e

STORE = "data/features/ave/audio.zarr"
PLACES = (
    "data/features/*/*.zarr/zarr.json",
    "data/index/*",
    "data/codes/*",
    "data/code/*",
    "receipts/*/*",
    "results/*",
)
PICTURES = {"reconstruct_celeba_hq_0", "table3_celeba_hq"}
BELOW_TOC = {
    "toc_baseline_0",
    "toc_fcid_0",
    "evaluate_baseline_0",
    "evaluate_fcid_0",
    "tables",
    "report",
    "all",
} | PICTURES


def date(project, when):
    """Give the files that rules read and write a time."""
    for file in (file for place in PLACES for file in project.folder.glob(place) if file.is_file()):
        os.utime(file, (when, when))


@pytest.mark.parametrize("when", [10, time.time() + 10**8], ids=["long ago", "in the future"])
def test_files_dated_anyhow(project, when):
    date(project, when)
    assert project.snakemake_would_run() == set()
    project.set("toc.lam", 0.7)
    date(project, when)
    assert project.snakemake_would_run() == BELOW_TOC
    project.snakemake()
    assert "up to date" in project.dvc("status") and project.snakemake_would_run() == set()


@pytest.mark.parametrize("link", ["hardlink", "symlink"])
def test_outputs_that_are_links_of_dvcs_cache(project, made_by_dvc, link):
    """Outputs of other stages that hold the same share one file, and its times."""
    project.dvc("config", "cache.type", link)
    project.dvc("checkout", "--relink")
    assert project.snakemake_would_run() == set()
    project.set("toc.lam", 0.7)
    assert project.snakemake_would_run() == BELOW_TOC
    project.snakemake()
    project.set("toc.lam", made_by_dvc.value("toc")["lam"])
    project.dvc("repro")
    assert project.digests() == made_by_dvc.digests()
    assert "0 damaged" in project.run("pipeline", "verify", "--cache").stdout, "nothing is written through a link"


def test_a_store_is_once_on_disk_whoever_makes_it(project, made_by_dvc):
    """Workspace, what the next run reuses, DVC's cache and an experiment's folder are names of the same files, which
    nobody writes to."""
    assert project.dvc("config", "cache.type").strip() == "hardlink,copy"
    for tool, seed in (("snakemake", 1), ("dvc", 2)):
        project.set("scales.mini.features.audio.seed", seed)
        project.run(
            *(
                ("snakemake", "-j2", f"{STORE}/zarr.json")
                if tool == "snakemake"
                else ("dvc", "repro", "features_audio@ave")
            )
        )
        names = {file.stat().st_nlink for file in (project.folder / STORE / "features").glob("c.*")}
        assert min(names) >= 3, f"{tool}: a name in the workspace, in data/.work and in DVC's cache"
    project.commit("edited")
    project.dvc("exp", "run", "--temp", "-S", "toc.lam=0.6", "toc@fcid-0")
    shutil.rmtree(project.folder / STORE)
    project.dvc("checkout", STORE)
    project.set(
        "scales.mini.features.audio.seed", made_by_dvc.value("scales")["mini"]["features"]["audio"].get("seed", 0)
    )
    project.dvc("repro", "features_audio@ave")
    made, expected = project.digests(), made_by_dvc.digests()
    assert {name for name in made if name.startswith(STORE) and made[name] != expected[name]} == set()
    assert "0 damaged" in project.run("pipeline", "verify", "--cache").stdout


def test_rot_that_a_link_shares_with_the_cache_is_healed_as_its_error_says(project, made_by_dvc):
    cache = project.folder / ".dvc/cache"
    shutil.copytree(cache, cache.with_name("own"))  # that of the copied project is the other's, too
    shutil.rmtree(cache)
    cache.with_name("own").rename(cache)
    project.dvc("checkout", "--relink")
    shard = next(file for file in sorted((project.folder / STORE / "features").rglob("c.*")) if file.is_file())
    before = shard.stat()
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.chmod(0o644)
    with shard.open("r+b") as handle:
        handle.write(data)
    shard.chmod(before.st_mode)  # DVC looks into objects that are not write-protected
    os.utime(shard, ns=(before.st_atime_ns, before.st_mtime_ns))
    project.forget("codes@fcid-0")
    done = project.run("dvc", "repro", "codes@fcid-0", check=False)
    assert done.returncode
    assert (
        "damaged; remove the store, then: python -m pipeline verify --cache, and dvc repro" in done.stdout + done.stderr
    )
    shutil.rmtree(project.folder / STORE)
    project.run("pipeline", "verify", "--cache", check=False)
    project.dvc("repro")
    assert project.digests() == made_by_dvc.digests()


def test_a_project_on_another_disk_reached_by_a_link(project, made_by_dvc, tmp_path):
    """The project folder as a whole, and DVC's cache; a link further down is refused at once, by both tools."""
    disk = tmp_path / "disk"
    disk.mkdir()
    project.folder.rename(disk / "project")
    project.folder.symlink_to(disk / "project")
    (project.folder / ".dvc/cache").rename(disk / "cache")
    project.dvc("cache", "dir", str(disk / "cache"))
    assert "up to date" in project.dvc("status") and project.snakemake_would_run() == set()
    project.set("toc.lam", 0.7)
    project.snakemake()
    project.set("toc.lam", made_by_dvc.value("toc")["lam"])
    project.dvc("repro")
    assert project.digests() == made_by_dvc.digests()
    for inside, others in (("data/toc", "toc"), ("data", "data")):
        (project.folder / inside).rename(disk / others)
        (project.folder / inside).symlink_to(disk / others)
        for command in (("snakemake", "-j1"), ("dvc", "repro", "--force", "--single-item", "toc@fcid-0")):
            done = project.run(*command, check=False)
            assert (
                done.returncode
                and f"{inside}: a link to another place" in done.stderr
                and "Traceback" not in done.stderr
            )
