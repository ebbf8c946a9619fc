"""Which tasks a run has."""

import numpy as np

from cmg.tasks.codes import Codes, RunCodes
from cmg.tasks.evaluate import TASKS
from pipeline.stages.evaluate import _tasks

DATASETS = {dataset for task in TASKS.values() for dataset in task.DATASETS}


def test_a_task_runs_where_its_datasets_are_listed():
    assert _tasks(held("audio", "video", "text"), DATASETS - {"clotho", "avvp"}) == ("ave", "ucf_vgg", "mscoco", "flickrsound")


def held(*modalities):
    codes = Codes(np.ones(1, np.int32), np.zeros((1, 2, 1), np.int32))
    return RunCodes([np.zeros((3, 4))], {("ave", m): codes for m in modalities})


def test_tasks_go_between_audio_and_video(capsys):
    assert _tasks(held("audio", "video", "text"), DATASETS) == tuple(TASKS)
    assert _tasks(held("audio", "video"), DATASETS) == tuple(name for name in TASKS if name not in ("mscoco", "clotho"))
    assert _tasks(held("video", "text"), DATASETS) == ()
    assert "codes of text, video only" in capsys.readouterr().out
