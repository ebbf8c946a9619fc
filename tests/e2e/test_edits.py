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
