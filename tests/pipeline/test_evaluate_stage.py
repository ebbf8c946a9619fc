"""Which tasks a run has."""

import numpy as np

from cmg.tasks.codes import Codes, RunCodes
from cmg.tasks.evaluate import TASKS
from pipeline.stages.evaluate import _tasks


def held(*modalities):
    codes = Codes(np.ones(1, np.int32), np.zeros((1, 2, 1), np.int32))
    return RunCodes([np.zeros((3, 4))], {("ave", m): codes for m in modalities})


def test_tasks_go_between_audio_and_video(capsys):
    assert _tasks(held("audio", "video", "text")) == _tasks(held("audio", "video")) == tuple(TASKS)
    assert _tasks(held("video", "text")) == ()
    assert "codes of text, video only" in capsys.readouterr().out
