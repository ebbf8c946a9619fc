"""One round: a copy of the finished project, tools run in it, and what became of them."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from ruamel.yaml import YAML

from tests.e2e.miniature import Project

TRIES = 4  # runs of a tool after a fault, before a round is stuck
PATIENCE = 1800  # seconds
WAIT = "wait until it has ended"  # what the second of two processes is told
TOOLS = {"dvc": ("dvc", "repro"), "snakemake": ("snakemake", "-j2")}


class Round:
    """``counts``: what happened; ``said``: the end of what the last tool printed; ``draw``: the one source of
    chance."""

    def __init__(self, project: Project, draw: random.Random):
        self.project, self.draw = project, draw
        self.folder = project.folder
        self.counts: Counter[str] = Counter()
        self.groups: list[int] = []
        self.said = ""

    def run(self, *command: str) -> bool:
        """Run ``python -m command``; whether it ended well. Tracebacks are counted: a user should see none."""
        done = self.project.run(*command, check=False)
        self.said = f"$ {' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}"
        if "Traceback (most recent call last)" in done.stdout + done.stderr:
            self.counts["tracebacks"] += 1
            print(self.said, flush=True)
        return done.returncode == 0

    def tool(self) -> tuple[str, ...]:
        """DVC or Snakemake."""
        return TOOLS[self.draw.choice(list(TOOLS))]

    def start(self) -> subprocess.Popen:
        """A tool, beside this process, in a group of its own."""
        process = self.project.start(*self.tool())
        self.groups.append(process.pid)
        return process

    def complete(self) -> bool:
        """What the documentation says after a fault: the same command again, and before it `recover` where DVC does not
        start."""
        tool, tries, end = self.tool(), TRIES, time.monotonic() + PATIENCE
        while tries and time.monotonic() < end:
            if self.run(*tool):
                self.counts["completions"] += 1
                return True
            if WAIT in self.said:  # of a process that outlived its tool
                time.sleep(5)
                continue
            tries -= 1
            if tool[0] == "dvc":
                self.run("pipeline", "recover")
        return False

    def end(self) -> None:
        """No process outlives a round."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def outputs(self) -> dict[str, list[str]]:
        """Outputs of every stage by its name, as dvc.lock has them."""
        stages = YAML(typ="safe").load((self.folder / "dvc.lock").read_text())["stages"]
        return {name: [out["path"] for out in stage["outs"]] for name, stage in stages.items() if name != "code"}

    def forget(self, count: int) -> list[str]:
        """As if ``count`` stages at random had never run: neither outputs, nor entries, nor anything to restore them
        from."""
        chosen = self.draw.sample(sorted(self.outputs()), count)
        for name in chosen:
            lock, yaml = self.folder / "dvc.lock", YAML()
            values = yaml.load(lock.read_text())
            for out in values["stages"].pop(name)["outs"]:
                self.remove(out["path"])
            yaml.dump(values, lock)
        for place in (".dvc/cache/runs", "data/.work"):
            self.remove(place)
        return chosen

    def remove(self, path: str) -> None:
        """A file or folder of the project, if it is there."""
        place = self.folder / path
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink(missing_ok=True)

    def some_file(self, *patterns: str) -> Path:
        """A file at random, not empty."""
        found = sorted(
            file for pattern in patterns for file in self.folder.glob(pattern) if file.is_file() and file.stat().st_size
        )
        return self.draw.choice(found)
