"""What an edit of the code redoes."""

import pytest

pytestmark = pytest.mark.e2e


def stage_kinds(names):
    return {name.split("@")[0] for name in names}


def test_an_edited_method_file_redoes_that_method_only(project):
    project.append("cmg/methods/fcid.py", "EDITED = True")
    assert {name for name in project.would_run() if "@baseline" in name} == set()
    assert "pretrain@fcid-0" in project.would_run()
    rules = project.snakemake_would_run()
    assert "pretrain_fcid_0" in rules and not any("baseline" in rule for rule in rules)


def test_an_edited_loss_redoes_every_method_and_no_features(project):
    project.append("cmg/losses/infonce.py", "EDITED = True")
    stale = project.would_run()
    assert {"pretrain@fcid-0", "pretrain@baseline-0"} <= stale
    assert not any(kind.startswith(("features", "index", "sample")) for kind in stage_kinds(stale))


def test_an_edited_video_extractor_redoes_video_features_alone(project):
    project.append("cmg/extract/vgg19.py", "EDITED = True")
    kinds = stage_kinds(project.would_run())
    assert "features_video" in kinds and not kinds & {"features_audio", "features_text", "index", "sample"}


def test_a_comment_redoes_a_stage_and_stops_there(project):
    project.edit("cmg/toc.py", '"""', '"""Edited. ')
    project.dvc("repro")
    assert project.run("pipeline", "verify", "results/table1.csv").returncode == 0


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
    project.set("datasets", {"vggsound_avel": {"source": "sample", "version": "40k"}, "mscoco": {"source": "sample", "pairs": 100}})
    for modality in ("video", "audio"):
        project.set(f"stores.{modality}", ["vggsound_avel", "mscoco"] if modality == "video" else ["vggsound_avel"])
    project.set("stores.pixels", [])
    stale = project.would_run()
    assert {"codes@baseline-0", "evaluate@baseline-0", "tables"} <= stale
    assert not any(name.startswith(("features", "pretrain@")) for name in stale)
