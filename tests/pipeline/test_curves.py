"""What a training run measures of itself."""

import torch

from pipeline import curves

CPU = torch.device("cpu")


def train(monkeypatch, steps, seconds, per_epoch=2, first=0):
    """Curves over `steps` steps from `first` on, each taking the next of `seconds`; a row after every step."""
    clock = [0.0]
    monkeypatch.setattr(curves.time, "monotonic", lambda: clock[0])
    shown = curves.Curves(None, None, 8)
    for step, taken in zip(range(first + 1, first + steps + 1), seconds, strict=True):
        clock[0] += taken
        shown(step, 99, {"step": float(step), "epoch": (step - 1) // per_epoch + 1.0, "total": 1.0})
    return shown


def test_seconds_per_epoch_leave_the_first_out(monkeypatch):
    found = train(monkeypatch, 8, [50, 50, 1, 2, 2, 3, 4, 5]).measured(CPU, 0)
    assert found == {
        "steps_before": 0,
        "epochs_timed": 3,
        "batch_size": 8,
        "threads": torch.get_num_threads(),
        "seconds_per_epoch": 5,
    }


def test_the_only_epoch_counts_from_the_start(monkeypatch):
    assert train(monkeypatch, 2, [3, 4]).measured(CPU, 0)["seconds_per_epoch"] == 7


def test_an_epoch_that_an_earlier_process_began_does_not_count(monkeypatch):
    found = train(monkeypatch, 3, [9, 1, 1], first=1).measured(CPU, 0)  # the second step of epoch 1, then epoch 2
    assert found == {
        "steps_before": 1,
        "epochs_timed": 1,
        "batch_size": 8,
        "threads": torch.get_num_threads(),
        "seconds_per_epoch": 2,
    }
    assert "seconds_per_epoch" not in train(monkeypatch, 1, [9], first=1).measured(CPU, 0)


def test_the_rate_of_a_resumed_run_is_its_own(monkeypatch):
    class Live:
        step, rates = 0, []

        def log_metric(self, name, value):
            if name == "clips_per_second":
                self.rates.append(value)

    class Bar:
        total = n = 0

        def update(self, count): ...

        def set_postfix(self, **named): ...

    clock = [0.0]
    monkeypatch.setattr(curves.time, "monotonic", lambda: clock[0])
    shown, row = curves.Curves(Bar(), Live(), 8), {"step": 50.0, "epoch": 1.0, "total": 1.0}
    for step in (51, 52):
        clock[0] += 2
        shown(step, 99, row)  # as it was saved
    clock[0] += 2
    shown(53, 99, {**row, "step": 53.0})
    assert Live.rates == [3 * 8 / 6]
