import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
import torch

from cmg.extract.contract import Batch, Report, Task
from cmg.extract.engine import extract
from cmg.media.failure import MediaFailure
from tests.extract.fakes import Doubling, Rows, decode_number, decode_slowly


def run(specs, network=None, writer=None, **options):
    writer = writer or Rows(list(range(len(specs))))
    report = extract(
        [Task(row, spec) for row, spec in enumerate(specs)], decode_number, network or Doubling(), writer, **options
    )
    return writer, report


def test_every_task_ends_as_a_row_or_a_failure():
    seen = []
    specs = [1, "bad", 3, MediaFailure("no_video", "none listed"), "hang", 6, "die", 8, "greedy"]
    limits = {"time_limit": 1.5, "memory_limit": 1 << 30}
    writer, report = run(
        specs, workers=2, **limits, progress=lambda state: seen.append((state.done, state.failures.total()))
    )
    assert {row: float(values[0, 0]) for row, (values, _) in writer.put_rows.items()} == {
        0: 2.0,
        2: 6.0,
        5: 12.0,
        7: 16.0,
    }
    kinds = {1: "unreadable", 3: "no_video", 4: "timeout", 6: "crashed", 8: "memory"}
    assert {row: kind for row, (kind, _) in writer.failed.items()} == kinds
    assert report.failures == dict.fromkeys(kinds.values(), 1)
    assert (report.done, report.total, report.units, report.valid) == (9, 9, 12, 8)
    assert seen[-1] == (9, 5) and seen == sorted(seen) and multiprocessing.active_children() == []


def test_batches_are_fixed_by_row_whatever_is_left_to_do():
    whole, part = Doubling(batch=3), Doubling(batch=3)
    extract([Task(row, row) for row in range(7)], decode_number, whole, Rows([]), workers=0)
    assert whole.batches == [[(0, 0), (1, 1), (2, 2)], [(0, 3), (1, 4), (2, 5)], [(0, 6)]]
    extract([Task(row, row) for row in (5, 1)], decode_number, part, Rows([]), workers=0)
    assert part.batches == [[(1, 1)], [(2, 5)]]


def test_a_slow_file_does_not_hold_up_the_others():
    network = Doubling()
    run(["hang", 1, 2, 3], network, workers=2, time_limit=1.5)
    assert [batch[0][1] for batch in network.batches] == [1, 2, 3]


def test_decoding_and_computing_overlap():
    class Slow:
        batch = 1
        spans: list[tuple[float, float]] = []

        def __call__(self, items):
            begin = time.monotonic()
            time.sleep(0.1)
            self.spans.append((begin, time.monotonic()))
            return Batch(torch.from_numpy(np.stack([clip.array for _, clip in items])), [1])

    network, writer = Slow(), Rows([])
    report = extract([Task(row, 0) for row in range(6)], decode_slowly, network, writer, workers=1)
    decoding = [values[0] for values, _ in writer.put_rows.values()]
    overlaps = sum(begin < end_b and begin_b < end for begin, end in decoding for begin_b, end_b in network.spans)
    assert overlaps >= 3
    assert 0 < report.computing < report.seconds


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_processes_and_keeps_rows_that_were_put(number):
    class Stops(Doubling):
        def __call__(self, items):
            if len(self.batches) == 2:
                os.kill(os.getpid(), number)
                time.sleep(1)
            return super().__call__(items)

    writer = Rows([])
    before, interrupt = signal.getsignal(signal.SIGTERM), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:  # a shell's background job ignores SIGINT
        with pytest.raises(SystemExit if number == signal.SIGTERM else KeyboardInterrupt):
            run(list(range(5)), Stops(), writer, workers=1)
    finally:
        signal.signal(signal.SIGINT, interrupt)
    assert 0 in writer.put_rows and len(writer.put_rows) < 5
    assert multiprocessing.active_children() == [] and signal.getsignal(signal.SIGTERM) is before


def test_a_broken_writer_ends_the_run():
    class Full(Rows):
        def put(self, row, features, valid, remarks):
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        run([1, 2], writer=Full([]), workers=1)
    assert multiprocessing.active_children() == []


def test_a_report_tells_the_rate():
    assert Report(total=10, done=5, units=50, seconds=2.0).rate == 25.0 and Report(total=10).rate == 0.0


def test_features_that_are_not_finite_are_a_failure_row_and_the_others_go_on():
    writer, report = run([1, float("nan"), 3], workers=0)
    assert sorted(writer.put_rows) == [0, 2]
    assert writer.failed[1][0] == "unreadable" and "not finite" in writer.failed[1][1]
    assert (report.done, report.failures) == (3, {"unreadable": 1})
