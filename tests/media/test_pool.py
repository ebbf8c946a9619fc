import subprocess
import sys
import time

import numpy as np
import pytest

from cmg.media.failure import MediaFailure
from cmg.media.pool import DecodePool
from tests.media.tiny import decode_number


def test_arrays_arrive_whole_and_writable():
    with DecodePool(decode_number, 1, time_limit=30) as pool:
        results = [pool.submit(number).result() for number in range(3)]
    assert [result.array.tolist() for result in results] == [[[number] * 2] * 3 for number in range(3)]
    assert all(result.array.dtype == np.float32 and (result.valid, result.rate) == (2, 7) for result in results)
    results[0].array[:] = 5


def test_each_misbehaving_file_costs_one_failure_and_the_process_is_replaced():
    with DecodePool(decode_number, 1, time_limit=1.0, memory_limit=1 << 30) as pool:
        before = pool.submit("pid").result().array[0]
        tasks = ["bad", "greedy", "hang", 4, "die", "kill", 5]
        results = [pool.submit(task).result() for task in tasks]
        after = pool.submit("pid").result().array[0]
    kinds = [result.kind if isinstance(result, MediaFailure) else result.array[0, 0] for result in results]
    assert kinds == ["unreadable", "memory", "timeout", 4, "crashed", "crashed", 5]
    assert "exit status 3" in results[4].reason and "SIGKILL" in results[5].reason
    assert before != after


@pytest.mark.parametrize("own", [4, 64])
def test_the_limit_of_a_file_stays_below_the_processes_own(own):
    """GiB; a process that is not root may not raise its hard limit again."""
    code = (
        "import resource; from cmg.media.pool import _limited\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({own} << 30, {own} << 30))\n"
        "ask = lambda task: resource.getrlimit(resource.RLIMIT_AS)\n"
        "print(*_limited(ask, None, 16 << 30), *ask(None))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    soft, *others = (int(word) >> 30 for word in done.stdout.split())
    assert others == [own] * 3 and soft == min(own, 16)


def test_closing_does_not_wait_for_a_hung_decoder():
    pool = DecodePool(decode_number, 1, time_limit=600)
    pool.submit(1).result()
    pool.submit("hang")
    time.sleep(0.2)
    begin = time.monotonic()
    pool.close()
    assert time.monotonic() - begin < 10


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="at least one worker"):
        DecodePool(decode_number, 0, 1.0)
