"""What long work shows: how far it is, its rate, the time left, failures so far."""

import re

from pipeline import progress


def test_a_bar_shows_rate_time_left_and_failures(capsys):
    with progress.bar(10, "video of ave") as shown:
        move = progress.updater(shown)
        move(2, 10)
        shown.refresh()
        assert "failed" not in capsys.readouterr().err
        move(4, 8, "ignored", failed=3)
        shown.refresh()
        line = capsys.readouterr().err.rpartition("\r")[2]
    assert re.search(r"video of ave: +50%.* 4/8 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+it/s, 3 failed\]", line), line
