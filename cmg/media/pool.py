"""Decoding processes: each file under a time limit, a hung or dead decoder replaced, arrays handed over without
copying.

A process is spawned, not forked, so the parent may hold threads and a GPU. An array travels as an anonymous memory file
(`memfd`) whose descriptor is passed over the socket: the parent maps it, nothing is left behind whatever dies.
"""

import mmap
import multiprocessing
import os
import queue
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import Any

import numpy as np

from cmg.media.failure import MediaFailure
from cmg.media.source import Decoded

Decode = Callable[[Any], Decoded]
START_LIMIT = (
    300.0  # seconds a process may take to start and import; longer means that the machine, not a file, is at fault
)
GRACE = 10  # seconds after the time limit at which a process that lost its parent ends itself


class DecodePool:
    """`workers` processes that run `decode(task)`; `decode` is a function of a module, tasks are small and
    picklable."""

    def __init__(self, decode: Decode, workers: int, time_limit: float, memory_limit: int | None = None) -> None:
        """time_limit: seconds for one file. memory_limit: bytes that decoding one file may take on top of the idle
        process."""
        if workers < 1 or time_limit <= 0:
            raise ValueError(
                f"expected at least one worker and a positive time limit, found {workers} and {time_limit}"
            )
        self._lanes = [_Lane(decode, time_limit, memory_limit) for _ in range(workers)]
        self._free: queue.SimpleQueue[_Lane] = queue.SimpleQueue()
        for lane in self._lanes:
            self._free.put(lane)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="decode")

    def __enter__(self) -> "DecodePool":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def submit(self, task: Any) -> "Future[Decoded | MediaFailure]":
        """Decode in the background. The future holds the arrays, or the failure as a value."""
        return self._threads.submit(self._run, task)

    def close(self) -> None:
        """Kill the processes; what was not decoded is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for lane in self._lanes:
            lane.interrupt()
        self._threads.shutdown(wait=True)
        for lane in self._lanes:
            lane.end(wait=0.0)

    def _run(self, task: Any) -> Decoded | MediaFailure:
        lane = self._free.get()
        try:
            return lane.run(task)
        finally:
            self._free.put(lane)


class _Lane:
    """One process and the socket to it. Used by one thread at a time; `interrupt` may come from another."""

    def __init__(self, decode: Decode, time_limit: float, memory_limit: int | None) -> None:
        self.settings = (decode, time_limit, memory_limit)
        self.time_limit = time_limit
        self.process: multiprocessing.process.BaseProcess | None = None
        self.socket: Connection | None = None
        self.interrupted = False
        self.lock = threading.Lock()  # a process is not killed by one thread while another one puts it away

    def run(self, task: Any) -> Decoded | MediaFailure:
        """What decoding `task` gives; a process that dies, hangs or outgrows its limits is replaced and costs a
        failure."""
        socket = self._start() if self.process is None or self.socket is None else self.socket
        try:
            socket.send(task)
            if not socket.poll(self.time_limit):
                self.end(wait=0.0)
                return MediaFailure(
                    "timeout", f"decoding took longer than the limit of {self.time_limit:g} s and was stopped"
                )
            return _receive(socket)
        except (EOFError, ConnectionError):
            status = self.end(wait=1.0)
            return MediaFailure("crashed", f"the decoding process ended on this file ({_exit_text(status)})")

    def interrupt(self) -> None:
        """Kill the process; the thread that waits for it sees the socket end."""
        with self.lock:
            self.interrupted = True
            if self.process is not None:
                self.process.kill()

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        socket, theirs = context.Pipe()
        self.socket = socket
        self.process = context.Process(target=_serve, args=(theirs, *self.settings), daemon=True)
        self.process.start()
        theirs.close()
        if self.interrupted:  # that came while the process was being started
            self.process.kill()
        try:
            ready = socket.poll(START_LIMIT) and socket.recv() == "ready"
        except (EOFError, ConnectionError):
            ready = False
        if not ready:
            status = self.end(wait=1.0)
            raise RuntimeError(f"a decoding process could not start ({_exit_text(status)}); see its message above")
        return socket

    def end(self, wait: float) -> int | None:
        """Put the process away; returns its exit status. wait: seconds it gets to end by itself, which keeps its own
        status."""
        with self.lock:
            if self.process is None or self.socket is None:
                return None
            self.process.join(timeout=wait)
            self.process.kill()
            self.process.join()
            status = self.process.exitcode
            self.process.close()
            self.socket.close()
            self.process = self.socket = None
            return status


def _exit_text(status: int | None) -> str:
    return f"signal {signal.Signals(-status).name}" if status is not None and status < 0 else f"exit status {status}"


def _serve(socket: Connection, decode: Decode, time_limit: float, memory_limit: int | None) -> None:
    """Life of a decoding process: tasks in, arrays or failures out, until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    socket.send("ready")
    while True:
        try:
            task = socket.recv()
        except EOFError:
            return
        # the default action ends the process even inside a decoder that never returns
        signal.alarm(int(time_limit) + GRACE)
        outcome = _limited(decode, task, memory_limit)
        signal.alarm(0)
        _send(socket, outcome)


def _limited(decode: Decode, task: Any, memory_limit: int | None) -> Decoded | MediaFailure:
    try:
        with _at_most(memory_limit):
            return decode(task)
    except MediaFailure as failure:
        return MediaFailure(failure.kind, failure.reason)
    except MemoryError:
        return MediaFailure("memory", f"decoding needs more than the memory limit of {memory_limit} bytes")


@contextmanager
def _at_most(memory_limit: int | None) -> Iterator[None]:
    """Within it this process may take that many bytes more than it has, and no more than it might before."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    if memory_limit is not None:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        finite = [limit for limit in before if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_AS, (min([used + memory_limit, *finite]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _send(socket: Connection, outcome: Decoded | MediaFailure) -> None:
    if isinstance(outcome, MediaFailure):
        socket.send((outcome.kind, outcome.reason))
        return
    array = np.ascontiguousarray(outcome.array)
    descriptor = os.memfd_create("decoded")
    try:
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(array.data)
        socket.send((array.shape, array.dtype.str, outcome.valid, outcome.rate, outcome.remarks))
        send_handle(socket, descriptor, None)
    finally:
        os.close(descriptor)


def _receive(socket: Connection) -> Decoded | MediaFailure:
    header = socket.recv()
    if len(header) == 2:
        return MediaFailure(*header)
    shape, dtype, valid, rate, remarks = header
    descriptor = recv_handle(socket)
    try:
        mapped = mmap.mmap(descriptor, 0)
    finally:
        os.close(descriptor)
    return Decoded(np.frombuffer(mapped, dtype=dtype).reshape(shape), valid, rate, remarks)
