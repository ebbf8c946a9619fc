"""dvc.yaml and the sweeps': what every stage waits for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cmg.extract.run import MODULES
from cmg.methods import METHODS
from cmg.registry import DATASETS
from pipeline import params, paths, sweeps
from pipeline.orchestration import code, dag
from pipeline.stages import corpus
from tests import enabled
from tests.parameters import set_value

STAGES = enabled.stages()
NAMES = set(code.names())
SWEEPS = [stage for stage in STAGES if stage.file != "dvc.yaml"]


def code_of(stage: dag.Stage) -> set[str]:
    return {dep for dep in stage.deps if Path(dep).is_relative_to(paths.CODE)}


def test_a_stage_waits_for_its_own_code_and_no_other():
    for stage in STAGES:
        name, *words = stage.command.split()[3:]
        item = next((f"-{word}" for word in map(paths.plain, words) if f"{name}-{word}" in NAMES), "")
        assert code_of(stage) == {paths.code(name + item).as_posix()} and name + item in NAMES, stage.name
        assert not any(dep.startswith(("cmg", "pipeline")) for dep in stage.deps), stage.name


def test_the_code_of_whatever_params_yaml_may_list_is_written():
    some = {name.partition("-")[0]: name for name in NAMES}
    assert {f"{stage}-{method}" for stage in ("pretrain", "codes", "toc", "evaluate") for method in METHODS} <= NAMES
    assert {f"features-{modality}" for modality in MODULES} | {f"index-{dataset}" for dataset in DATASETS} <= NAMES
    assert {file.stem for file in Path("pipeline/stages").glob("*.py")} - {"__init__", "code"} == set(some)


def test_every_dependency_exists_or_is_made_by_a_stage():
    for stage in STAGES:
        for dep in stage.deps:
            assert STAGES.made(dep) or Path(dep).exists() or dep in code_of(stage), f"{stage.name}: nothing makes {dep}"


def test_pretraining_waits_for_the_stores_that_it_reads_alone():
    """Frames of the same dataset, or another text in a table of failures, train nothing again."""
    made = [stage for stage in STAGES if stage.group == "corpus"]
    assert [stage.command.split()[-1] for stage in made] == params.load().pretrain_on
    for stage in made:
        read = {paths.store(stage.command.split()[-1], modality).as_posix() for modality in corpus.MODALITIES}
        assert {dep for dep in stage.deps if dep.startswith("data/features")} == read, stage.name
    for stage in (stage for stage in STAGES if stage.group == "pretrain"):
        data = {dep for dep in stage.deps if dep.startswith("data/")} - code_of(stage)
        assert data == {paths.CORPUS.as_posix()}, stage.name


def test_a_path_waits_for_what_it_is_what_is_below_it_and_what_it_is_inside_of():
    outs = (("data/x/video.zarr", "r/x.json"), ("data/xy", "r/y.json"), ("results/t.csv", "r/t.json"))
    every = dag.Stages(
        dag.Stage(f"s{n}", "", (), (out, f"receipts/{receipt}"), {}) for n, (out, receipt) in enumerate(outs)
    )
    assert every.made("data/x/video.zarr") == every.made("data/x") == {"data/x/video.zarr/zarr.json"}
    assert every.made("data/x/video.zarr/features/c/0") == {"data/x/video.zarr/zarr.json"}
    assert every.made("data/xy/part/a.csv") == {"receipts/r/y.json"}, "the receipt stands for a folder"
    assert every.made("data") == {"data/x/video.zarr/zarr.json", "receipts/r/y.json"}
    assert every.made("results/t.csv") == {"results/t.csv"} and every.made("cmg/toc.py") == set()


@pytest.mark.parametrize("group", ["pretrain", "codes", "toc", "evaluate", "score"])
def test_the_code_of_a_sweeps_stages_is_the_main_stages_code(group):
    for stage in (stage for stage in SWEEPS if stage.group == group):
        method = stage.command.split()[4]
        main = next(s for s in STAGES if s.name.startswith(f"{'evaluate' if group == 'score' else group}@{method}-"))
        assert code_of(stage) == code_of(main), stage.name
        assert (stage.meta, stage.command.partition(" --")[0].split()[4]) == (main.meta, main.command.split()[4])


def test_the_root_pipeline_waits_for_no_stage_of_a_sweep():
    """So a bare `dvc repro` runs none of them."""
    products = {product for stage in SWEEPS for product in [*stage.products, stage.receipt]}
    assert products
    for stage in STAGES:
        if stage.file == "dvc.yaml":
            assert not products & set(dag.inputs(stage, STAGES)), stage.name


def test_a_table_of_a_sweep_waits_for_its_rows_alone():
    for stage in (stage for stage in SWEEPS if " sweep " in stage.command):
        method, table = stage.command.split()[4:]
        rows = set(sweeps.load(method).tables[table])
        above = [other for other in above_of(stage) if other.group == "pretrain"]
        seeds = params.load().seeds
        assert {(s.file, s.name.partition("@")[2]) for s in above} == {
            *((stage.file, f"{row}-{seed}") for row in rows & set(sweeps.load(method).points) for seed in seeds),
            *(("dvc.yaml", f"{method}-{seed}") for seed in seeds),
        }, stage.name


def above_of(stage):
    """The stages that one rests on."""
    made_by = {product: other for other in STAGES for product in [*other.products, other.receipt]}
    above, queue = {}, [stage]
    while queue:
        for path in dag.inputs(queue.pop(), STAGES):
            other = made_by.get(path)
            if other is not None and other.name not in above:
                above[other.name] = other
                queue.append(other)
    return list(above.values())


def test_every_stage_leaves_one_receipt():
    assert all(sum(out.startswith("receipts/") for out in stage.outs) == 1 for stage in STAGES)
    assert len({stage.receipt for stage in STAGES}) == len(STAGES)


def test_rule_names_are_distinct_identifiers():
    assert len({stage.rule for stage in STAGES}) == len(STAGES)
    assert all(stage.rule.isidentifier() for stage in STAGES)


def test_training_and_extraction_hold_the_gpu():
    for stage in STAGES:
        uses_gpu = stage.group.startswith(("pretrain", "codes", "features_video", "vqvae", "reconstruct", "queries"))
        uses_gpu |= stage.group in ("segment", "segment_reference", "generator", "generate")
        assert stage.meta.get("gpu", 0) == int(uses_gpu), stage.name


def test_several_processes_take_as_many_gpus_and_threads_and_device_cpu_takes_none(tmp_path, monkeypatch):
    """Nothing in dvc.yaml is edited for either."""
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(name, tmp_path)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    trained, video = "pretrain@fcid-0", "features_video@ave"
    before = resources_of()
    assert before[trained] == {"gpu": 1, "mem_mb": 8000} and before[video] == {"gpu": 1, "mem_mb": 4000}
    set_value(tmp_path / "params.yaml", "scales.mini.pretrain.processes", 2)
    two = resources_of()
    assert two.pop(trained) == {"gpu": 2, "mem_mb": 16000}
    assert {name for name, needs in two.items() if needs != before[name]} == {
        name for name in two if name.startswith("pretrain")
    }
    set_value(tmp_path / "params.yaml", "device", "cpu")
    assert not any("gpu" in needs for needs in resources_of().values())


def resources_of():
    return {stage.name: stage.resources for stage in dag.stages()}
