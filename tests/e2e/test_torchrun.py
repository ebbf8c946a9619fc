"""Pretraining in two processes, started as the stage starts them (torchrun), against one process."""

import csv

import pytest

pytestmark = pytest.mark.e2e


def pretrained(project) -> list[dict[str, float]]:
    project.run("pipeline", "pretrain", "fcid", "0")
    with (project.folder / "data/checkpoints/fcid-0/history.csv").open() as handle:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(handle)]


def test_two_processes_train_what_one_trains(project):
    project.set("fcid.dropout", 0.0)
    one = pretrained(project)
    project.set("scales.mini.pretrain.processes", 2)
    two = pretrained(project)
    assert len(two) == len(one) > 1
    for mine, theirs in zip(two[:2], one[:2], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-3)
    assert all(
        (project.folder / f"data/checkpoints/fcid-0/{name}").is_file() for name in ("model.safetensors", "codebook.csv")
    )
