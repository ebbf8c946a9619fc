"""dvc.yaml declares the code that each stage imports: never too little, and too much only in the shared building blocks."""

from pathlib import Path

import pytest

from cmg.datasets.registry import READERS
from cmg.methods import METHODS
from pipeline import codedeps, dag

SHARED = ("cmg/nn/", "cmg/quantizers/", "cmg/losses/")
STAGES = dag.stages()
ONE_OF_EACH = {stage.name.split("@")[0] + stage.name.split("@")[-1].rstrip("0123456789"): stage for stage in STAGES}


def code_files(deps):
    found = set()
    for dep in map(Path, deps):
        if dep.parts[0] in codedeps.PACKAGES:
            files = dep.rglob("*.py") if dep.is_dir() else [dep]
            found.update(file.as_posix() for file in files)
    return found


def imported(stage):
    words = stage.command.split()[3:]
    on_demand = [METHODS[words[1]].partition(":")[0]] if words[0] in ("pretrain", "codes") else []
    on_demand += [READERS[words[1]]] if words[0] == "index" else []
    return set(codedeps.closure([f"pipeline.stages.{words[0]}", *on_demand]))


@pytest.mark.parametrize("stage", ONE_OF_EACH.values(), ids=lambda stage: stage.name)
def test_declared_code_is_the_imported_code(stage):
    declared, needed = code_files(stage.deps), imported(stage)
    missing = sorted(needed - declared)
    assert not missing, f"{stage.name} imports code that dvc.yaml does not list (an edit would go unnoticed): {missing}"
    excess = sorted(file for file in declared - needed if not file.startswith(SHARED))
    assert not excess, f"{stage.name} lists code that it does not import (an edit would redo it for nothing): {excess}"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_dependency_exists_or_is_made_by_a_stage(stage):
    made = [out for other in STAGES for out in other.outs]
    for dep in stage.deps:
        by_stage = any(out == dep or out.startswith(f"{dep}/") or dep.startswith(f"{out}/") for out in made)
        assert by_stage or Path(dep).exists(), f"{stage.name}: nothing makes {dep}"


def test_every_stage_leaves_one_receipt():
    assert all(sum(out.startswith("receipts/") for out in stage.outs) == 1 for stage in STAGES)
    assert len({stage.receipt for stage in STAGES}) == len(STAGES)


def test_rule_names_are_distinct_identifiers():
    assert len({stage.rule for stage in STAGES}) == len(STAGES)
    assert all(stage.rule.isidentifier() for stage in STAGES)


def test_training_and_extraction_hold_the_gpu():
    for stage in STAGES:
        uses_gpu = stage.name.split("@")[0] in ("pretrain", "codes", "features_video", "features_audio", "features_text")
        assert stage.meta.get("gpu", 0) == int(uses_gpu), stage.name
