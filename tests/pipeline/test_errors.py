"""Which errors are a user's to mend, and what is said of them."""

import errno

import pytest

from cmg.store.errors import StoreError
from pipeline import errors


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StoreError("a store"), "a store"),
        (FileNotFoundError("no checkpoint"), "no checkpoint"),
        (OSError(errno.ENOSPC, "No space left on device"), "[Errno 28] No space left on device; free space there"),
        (
            OSError(errno.ENOSPC, "No space left on device", "data/x"),
            "data/x: no space left on device (errno 28); free space there",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "data/x"),
            "data/x: permission denied (errno 13); of another user",
        ),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "data"), "data: is a directory"),
    ],
)
def test_what_a_user_can_mend_is_a_line(error, line):
    assert errors.said(error).startswith(line)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "reset by peer"),
        InterruptedError(),
        BlockingIOError(errno.EAGAIN, "busy"),
        KeyError("x"),
    ],
)
def test_a_fault_of_the_code_keeps_its_traceback(error):
    assert errors.said(error) is None
