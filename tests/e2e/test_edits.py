"""What an edit of the code redoes."""

import pytest

from tests.e2e.miniature import ran

pytestmark = pytest.mark.e2e


def stage_kinds(names):
    return {name.split("@")[0] for name in names}


def test_an_edited_method_file_redoes_that_method_only(project):
    project.change("cmg/methods/fcid/model.py", "FCID")
    assert {name for name in project.would_run() if "@baseline" in name} == set()
    assert "pretrain@fcid-0" in project.would_run()
    rules = project.snakemake_would_run()
    assert "pretrain_fcid_0" in rules and not any("baseline" in rule for rule in rules)


def test_an_edited_quantizer_redoes_every_method_and_no_features(project):
    project.change("cmg/quantizers/codebook.py", "nearest")
    stale = project.would_run()
    assert {"pretrain@fcid-0", "pretrain@baseline-0"} <= stale
    assert not any(kind.startswith(("features", "index", "sample")) for kind in stage_kinds(stale))


def test_an_edited_video_extractor_redoes_video_features_alone(project):
    project.change("cmg/extract/vgg19.py", "normalise")
    kinds = stage_kinds(project.would_run())
    assert "features_video" in kinds and not kinds & {"features_audio", "features_text", "index", "sample"}


def test_comments_anywhere_redo_nothing_under_dvc(project):
    project.comment()
    assert ran(project.dvc("repro")) == {"code"}
    assert project.snakemake_would_run() == set()
    assert project.run("pipeline", "verify", "results/table1.csv").returncode == 0


def test_comments_anywhere_redo_nothing_under_snakemake(project):
    project.comment()
    assert "Nothing to be done" in project.snakemake()
    assert "up to date" in project.dvc("status")


def test_what_decides_the_values_that_are_trained_with_is_code_of_pretraining_and_of_the_tables(project):
    project.edit(
        "pipeline/params.py", "{**self.active.pretrain.method, **self.sections[method]}", "{**self.sections[method]}"
    )
    assert project.would_run() == {"pretrain@baseline-0", "pretrain@fcid-0", "tables", "report"}, (
        "the tables say what was trained"
    )
    kinds = {rule.split("_")[0] for rule in project.snakemake_would_run()}
    assert kinds == {"pretrain", "codes", "toc", "evaluate", "tables", "plots", "report", "all"}


def test_both_tools_redo_the_same_after_an_edit_and_end_in_the_same_bytes(project, tmp_path):
    project.change("cmg/toc.py", "toc_scores")
    other = project.copy_to(tmp_path / "other")
    stages = ran(project.dvc("repro"))
    assert {stage.split("@")[0] for stage in stages} <= {
        "code",
        "toc",
        "evaluate",
        "tables",
        "report",
        "reconstruct",
        "table3",
    }
    assert {"code", "toc@baseline-0", "toc@fcid-0"} <= stages
    other.snakemake()
    assert other.digests() == project.digests()
    assert other.would_run() == set() and project.snakemake_would_run() == set()


def test_a_misspelt_parameter_names_the_nearest(project):
    project.edit("params.yaml", "codebook_size: 16", "codebok_size: 16")
    done = project.run("pipeline", "pretrain", "fcid", "0", check=False)
    assert done.returncode != 0 and "codebook_size" in done.stderr


def test_parameters_edited_while_a_job_runs_are_not_recorded_as_those_it_ran_with(project):
    project.append(
        "pipeline/stages/toc.py",
        "from pathlib import Path\n\n_run = run\n\n\n"
        "def run(args, params):\n"
        "    _run(args, params)\n"
        "    file = Path('params.yaml')\n"
        "    file.write_text(file.read_text().replace('lam: 0.3', 'lam: 0.7'))\n",
    )
    product = "data/toc/baseline-0.json"
    assert "lam: 0.3" in (project.folder / "params.yaml").read_text()
    project.run("snakemake", "-j1", product)
    assert "lam: 0.7" in (project.folder / "params.yaml").read_text()
    assert "toc@baseline-0" in project.would_run()
    project.run("snakemake", "-j1", product)
    assert "toc@baseline-0" not in project.would_run()


def test_a_dataset_taken_out_of_the_parameters_takes_its_scores_with_it(project):
    project.set("datasets", {name: project.value("datasets")[name] for name in ("vggsound_avel", "mscoco")})
    for modality in ("video", "audio"):
        project.set(f"stores.{modality}", ["vggsound_avel", "mscoco"] if modality == "video" else ["vggsound_avel"])
    project.set("stores.pixels", [])
    said = project.run("dvc", "repro", check=False)
    assert said.returncode and "reconstruction.datasets: unknown key 'celeba_hq'" in said.stderr
    assert "Running stage 'code'" in said.stdout and said.stdout.count("Running stage") == 1, "before anything else"
    project.set("reconstruction.datasets", [])
    stale = project.would_run()
    assert {"codes@baseline-0", "evaluate@baseline-0", "tables"} <= stale
    assert not any(name.startswith(("features", "pretrain@")) for name in stale)
