"""Which tasks a run has."""

import numpy as np

from cmg.tasks.codes import Codes, RunCodes
from cmg.tasks.evaluate import TASKS
from pipeline.stages.evaluate import _tasks


def held(*modalities):
    codes = Codes(np.ones(1, np.int32), np.zeros((1, 2, 1), np.int32))
    return RunCodes([np.zeros((3, 4))], {("ave", m): codes for m in modalities})


def test_tasks_go_between_audio_and_video(capsys):
    indices = {dataset: () for task in TASKS.values() for dataset in task.DATASETS}
    assert _tasks(held("audio", "video", "text"), indices) == list(TASKS)
    assert _tasks(held("audio", "video"), indices) == [name for name in TASKS if name not in ("mscoco", "clotho")]
    assert _tasks(held("video", "text"), indices) == []
    assert "codes of text, video only" in capsys.readouterr().out


def test_a_dataset_that_is_left_out_takes_its_tasks_along():
    assert _tasks(held("audio", "video", "text"), {"ave": (), "avvp": (), "mscoco": ()}) == ["ave", "avvp", "ave_avvp", "mscoco"]
