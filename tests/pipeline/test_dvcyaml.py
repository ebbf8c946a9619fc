"""dvc.yaml declares the code that each stage imports: never too little, and too much only in the shared building blocks."""

from pathlib import Path

import pytest

from cmg.methods import METHODS
from pipeline import codedeps, dag
from pipeline.tools.deps import differences

STAGES = dag.stages()


def test_declared_code_is_the_imported_code():
    assert differences() == [], "run: python -m pipeline deps --fix"


def test_a_methods_own_file_concerns_that_method_alone():
    for stage in STAGES:
        kind, _, item = stage.name.partition("@")
        own = {Path(dep).stem.removesuffix("_config") for dep in stage.deps if Path(dep).parent == Path("cmg/methods")} & set(METHODS)
        assert own <= {item.rpartition("-")[0]}, f"{stage.name} would be redone by an edit of {sorted(own)}"
        assert bool(own) == (kind in ("pretrain", "codes")), stage.name


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["pretrain", "codes"])
def test_a_method_can_be_added_to_the_list_without_touching_dvc_yaml(kind, method):
    """What any registered method imports is declared already, whichever methods params.yaml lists."""
    some = next(stage for stage in STAGES if stage.name.startswith(f"{kind}@"))
    listed = some.name.partition("@")[2].rpartition("-")[0]
    declared = {dep.replace(f"/{listed}", f"/{method}") if Path(dep).parent == Path("cmg/methods") else dep for dep in some.deps}
    module = METHODS[method].partition(":")[0]
    for file in codedeps.closure([f"pipeline.stages.{kind}", module]):
        assert file in declared or Path(file).parent.as_posix() in declared, f"{kind}@{method}: not declared: {file}"


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
        uses_gpu = stage.name.startswith(("pretrain@", "codes@", "features_"))
        assert stage.meta.get("gpu", 0) == int(uses_gpu), stage.name
