"""What profiles/slurm finds out about a cluster: clusters played by commands of their names."""

import pytest

from pipeline.orchestration import slurm


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def played(**commands):
        for name, script in commands.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)

    return played


def test_sacct_where_accounts_are_kept(cluster):
    cluster(sacct="exit 0")
    assert slurm.status_command() == "sacct"


def test_squeue_without_accounts(cluster):
    cluster(sacct="exit 1", scontrol="echo 'Foo = 1'; echo 'MinJobAge               = 300 sec'")
    assert slurm.status_command() == "squeue"


@pytest.mark.parametrize(
    ("scontrol", "said"),
    [
        ("echo 'MinJobAge = 2 sec'", "forgets a job 2 s after its end"),
        ("echo no host >&2; exit 1", "does not answer: no host"),
    ],
)
def test_where_nobody_could_tell_how_a_job_ended_nothing_starts(cluster, scontrol, said):
    cluster(sacct="exit 1", scontrol=scontrol)
    with pytest.raises(SystemExit, match=f"^profiles/slurm: .*{said}"):
        slurm.status_command()


def test_a_machine_without_slurm(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="no command sacct on this machine"):
        slurm.status_command()


def test_a_missing_plugin_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(slurm, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"pip install '.\[pipeline,slurm\]'"):
        slurm.executor()
