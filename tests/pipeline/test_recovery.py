"""Whatever a killed process left of DVC's and Snakemake's own files is mended, and nothing that was finished runs
again."""

import json
import os
import random
from pathlib import Path

import pytest
from dvc.repo import Repo, lock_repo

from pipeline.orchestration import recovery, rot
from tests.store.samples import write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of DVC's own parts
DVC_YAML = """
stages:
  first: {cmd: cp in a && echo x >> ran, deps: [in], params: [p], outs: [a]}
  second: {cmd: cp a b && mkdir -p c && cp a c/x && echo x >> ran, deps: [a], outs: [b, c]}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A finished pipeline of two stages; each run of one leaves a line in the file ``ran``."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"dvc.yaml": DVC_YAML, "in": "some content", "params.yaml": "p: 1\n", "ran": ""}.items():
        Path(name).write_text(text)
    Repo.init(no_scm=True).close()
    repro()
    return tmp_path


def repro():
    """Run what is stale; how many stages ran."""
    before = len(Path("ran").read_text())
    with Repo(".") as repo:
        repo.reproduce()
        assert repo.status() == {}
    return (len(Path("ran").read_text()) - before) // 2


def recover():
    with recovery.locked() as repo:
        return recovery.recover(repo)


def fresh():
    with Repo(".") as repo:
        return repo.status() == {}


def test_there_is_nothing_to_mend_where_nothing_was_killed(project):
    before = {file: file.read_bytes() for file in (Path("dvc.lock"), Path(".dvc/tmp/rwlock"))}
    assert recover() == [] and {file: file.read_bytes() for file in before} == before


@pytest.mark.parametrize("seed", range(3))
def test_dvc_lock_is_mended_wherever_it_was_cut_and_nothing_runs_again(project, seed):
    whole = Path("dvc.lock").read_bytes()
    for length in [0, len(whole) - 1, *random.Random(seed).sample(range(len(whole)), 4)]:
        Path("dvc.lock").write_bytes(whole[:length])
        assert any("dvc.lock" in line for line in recover())
        assert fresh() and repro() == 0, length
    Path("dvc.lock").unlink()
    assert recover() and fresh() and repro() == 0


def test_what_was_edited_since_is_not_taken_for_finished(project):
    for edit, stale in (({"params.yaml": "p: 2\n"}, 1), ({"in": "other content"}, 2), ({"c/x": "damaged"}, 1)):
        for name, text in edit.items():
            Path(name).chmod(0o644)
            Path(name).write_text(text)
        Path("dvc.lock").write_text("")
        recover()
        assert not fresh() and repro() in (0, stale)  # 0: DVC's cache gives it
        assert Path("c/x").read_text() == Path("in").read_text()


@pytest.mark.parametrize("seed", range(3))
def test_a_cut_rwlock_is_removed(project, seed):
    live = {"pid": os.getpid(), "cmd": "dvc repro"}
    whole = json.dumps({"write": {f"/p/{n}": live for n in range(9)}, "read": {"/q": [live]}}).encode()
    for length in random.Random(seed).sample(range(len(whole)), 5):
        Path(".dvc/tmp/rwlock").write_bytes(whole[:length])
        Path("params.yaml").write_text(f"p: {length + 9}\n")
        with pytest.raises(Exception, match="first|RWLock"):
            repro()
        assert recover() == [".dvc/tmp/rwlock: damaged; removed"] and repro() >= 0


def test_an_owner_whose_number_is_another_process_by_now_is_dead(project):
    words = Path(f"/proc/{os.getpid()}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    own = {"pid": os.getpid(), "cmd": " ".join([words[0].decode(), *(word.decode() for word in words[1:])])}
    dead = [{"pid": os.getpid(), "cmd": "/bin/dvc repro toc"}, {"pid": 2**22 - 7, "cmd": own["cmd"]}]
    held = {"write": {str(project / "a"): own, str(project / "b"): dead[0]}, "read": {"/x": [*dead, own], "/y": dead}}
    Path(".dvc/tmp/rwlock").write_text(json.dumps(held))
    assert recover() == [".dvc/tmp/rwlock: locks of dead processes removed"]
    assert json.loads(Path(".dvc/tmp/rwlock").read_text()) == {
        "write": {str(project / "a"): own},
        "read": {"/x": [own]},
    }


def test_nothing_is_touched_while_dvc_is_at_work(project):
    Path("dvc.lock").write_text("")
    with (
        Repo(".") as repo,
        lock_repo(repo),
        pytest.raises(recovery.Busy, match="DVC is at work in this folder"),
        recovery.locked(),
    ):
        pass
    assert Path("dvc.lock").read_text() == ""


def test_a_store_that_was_recorded_without_a_shard_is_made_again(project):
    write(Path("good/x.zarr"))
    made = "stages: {store: {cmd: cp -r good/x.zarr x.zarr && echo x >> ran, deps: [in], outs: [x.zarr]}}"
    Path("dvc.yaml").write_text(made)
    assert repro() == 1
    shard = next(file for file in Path("x.zarr/features").iterdir() if file.name != "zarr.json")
    shard.unlink()
    with Repo(".") as repo:
        repo.commit("store", force=True)
    assert fresh()
    assert any("x.zarr/features/" in line and "made again" in line for line in recover())
    assert not fresh() and shard.exists() is False
    repro()
    assert shard.exists() and recover() == []


def test_the_lock_of_a_dead_snakemake_goes(project):
    Path(".snakemake/locks").mkdir(parents=True)
    Path(".snakemake/locks/0.input.lock").touch()
    assert any("dead Snakemake" in line for line in recover()) and recover() == []


@pytest.mark.parametrize("link", ["copy", "hardlink", "symlink"])
@pytest.mark.parametrize("kept", [True, False], ids=["time kept", "time changed"])
def test_rotten_objects_of_the_cache_are_removed_and_healed(project, link, kept):
    """DVC takes them for good: one that only looks at times restores them."""
    with Repo(".") as repo, repo.config.edit() as config:
        config["cache"]["type"] = [link]
    for name in ("a", "b"):
        Path(name).unlink()
    with Repo(".") as repo:
        repo.checkout(force=True)
        (place,) = {
            Path(out.cache.oid_to_path(out.hash_info.value))
            for stage in repo.index.stages
            for out in stage.outs
            if str(out) == "a"
        }
    before, data = place.stat(), place.read_bytes()
    place.chmod(0o644)
    place.write_bytes(data[:3] + bytes([data[3] ^ 1]) + data[4:])
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns + (0 if kept else 10**9)))
    with Repo(".") as repo:
        every = rot.objects(repo)
        assert [file for file in every if rot.remove_rotten(file)] == [place] and len(every) > 1
        assert not any(rot.remove_rotten(file) for file in rot.objects(repo))
    repro()
    assert {Path(name).read_bytes() for name in ("a", "b", "c/x", place)} == {data}
