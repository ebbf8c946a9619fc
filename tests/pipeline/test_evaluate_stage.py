"""Which tasks a run has, and which draws of codes they need."""

import numpy as np

from cmg.methods import build
from cmg.tasks.codes import RunCodes, StoredCodes
from cmg.tasks.evaluate import TASKS
from pipeline.stages.codes import _draws_needed
from pipeline.stages.evaluate import _tasks


def held(*modalities):
    codes = StoredCodes(np.ones(1, np.int32), np.zeros((1, 2, 1), np.int32))
    return RunCodes([np.zeros((3, 4))], {("ave", m): codes for m in modalities})


def test_tasks_go_between_audio_and_video(capsys):
    indices = {dataset: () for task in TASKS.values() for dataset in task.DATASETS}
    assert _tasks(held("audio", "video", "text"), indices) == list(TASKS)
    assert _tasks(held("audio", "video"), indices) == [name for name in TASKS if name not in ("mscoco", "clotho")]
    assert _tasks(held("video", "text"), indices) == []
    assert "codes of text, video only" in capsys.readouterr().out


def test_released_scripts_are_for_methods_with_a_codebook(capsys):
    indices = {dataset: () for task in TASKS.values() for dataset in task.DATASETS}
    codes = StoredCodes(np.ones(1, np.int32), vectors=np.zeros((1, 2, 4), np.float32))
    vectors = RunCodes([], {("ave", m): codes for m in ("audio", "video", "text")})
    assert _tasks(vectors, indices) == _tasks(held("audio", "video", "text"), indices, "published") == list(TASKS)
    assert capsys.readouterr().out == ""
    assert _tasks(vectors, indices, "published") == ["mscoco", "clotho", "flickrsound"]
    assert (
        "no codebook, so the released scripts of ave, avvp, ave_avvp, ucf_vgg do not apply" in capsys.readouterr().out
    )


def test_codes_are_drawn_for_the_released_scripts_alone(capsys):
    sizes = {"codebook_size": 4, "embedding_dim": 4, "specific_channels": 2, "decoder_channels": 2, "feedforward": 4}
    baseline, simmmdg = build("baseline", sizes), build("simmmdg", sizes)
    assert _draws_needed("baseline", baseline, "strict") == _draws_needed("simmmdg", simmmdg, "strict") == {}
    assert _draws_needed("baseline", baseline, "published")["ave", "video"] == 46
    assert capsys.readouterr().out == ""
    assert _draws_needed("simmmdg", simmmdg, "published") == {}
    assert "simmmdg: no codebook, so the released scripts do not apply" in capsys.readouterr().out


def test_a_dataset_that_is_left_out_takes_its_tasks_along():
    assert _tasks(held("audio", "video", "text"), {"ave": (), "avvp": (), "mscoco": ()}) == [
        "ave",
        "avvp",
        "ave_avvp",
        "mscoco",
    ]
