"""A miniature project: the repository's own code, pipeline and Snakefile with a corpus of a few clips and narrow
networks."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from ruamel.yaml import YAML

from tests import edits
from tests.pages import without_measured
from tests.parameters import set_value

REPO = Path(__file__).resolve().parents[2]
CODE = ("cmg", "pipeline", "profiles", "dvc.yaml", "Snakefile", ".dvcignore", ".gitignore")
APART = (("data", ".work"), ("receipts", "report"))
SPLIT = {"train": 8, "val": 4, "test": 4}
MINI = {
    "corpus": {
        "seed": 3,
        "classes": 3,
        "vggsound_avel": SPLIT,
        "ave": SPLIT,
        "avvp": {"train": 2, "val": 6, "test": 6},
        "ucf101": {"train": 8, "val": 0, "test": 4},
        "clotho": {"train": 1, "val": 1, "test": 6},
        "mscoco": {"train": 0, "val": 0, "test": 6},
        "flickrsound": {"train": 0, "val": 0, "test": 6},
        "valor32k": {"train": 2, "val": 1, "test": 1},
        "avsbench_s4": {"train": 4, "val": 4, "test": 4},
        "celeba_hq": {"train": 6, "val": 0, "test": 3},
        "width": 64,
        "height": 48,
        "fps": 4,
        "defects": False,
    },
    "video_widths": [4, 4, 8, 8, 16],
    "methods": ["baseline", "fcid"],
    "datasets": ["vggsound_avel", "ave", "mscoco", "celeba_hq"],  # the other tasks: test_released.py
    "vqvae": {"codes": 8, "dims": 16, "residual": 4, "masks": 3},
}


def _compared(file: Path) -> bytes:
    """Content of a file as far as it is the same in every run."""
    return (
        without_measured(file.read_text(encoding="utf-8")).encode() if file.name == "report.html" else file.read_bytes()
    )


def write_params(folder: Path) -> None:
    """The shipped params.yaml with everything small."""
    values = YAML(typ="safe").load((REPO / "params.yaml").read_text())
    values["methods"], values["seeds"], values["threads"] = MINI["methods"], [0], 1
    for name in set(values["datasets"]) - set(MINI["datasets"]):
        del values["datasets"][name]
    for listed in values["stores"].values():
        listed[:] = [name for name in listed if name in MINI["datasets"]]
    mini = values["scales"]["mini"]
    mini["corpus"] = MINI["corpus"]
    mini["features"]["video"]["widths"] = MINI["video_widths"]
    mini["pretrain"]["epochs"], mini["pretrain"]["batch_size"] = 2, 4
    mini["evaluate"]["epochs"] = 3
    mini["features"]["pixels"]["celeba_hq"]["size"] = 8
    mini["reconstruction"].update(hidden=8, epochs=2, batch_size=3)
    values["datasets"]["celeba_hq"].update(count=9, held_out=3)
    values["reconstruction"].update(MINI["vqvae"])
    values["fcid"]["codebook_size"] = 16
    with (folder / "params.yaml").open("w") as handle:
        YAML().dump(values, handle)


@dataclass(frozen=True)
class Project:
    """A miniature project on disk and the tools run in it."""

    folder: Path

    def run(self, *command: str, check: bool = True, timeout: float = 1500) -> subprocess.CompletedProcess:
        """Run ``python -m command…`` in the project; with ``check`` a failure shows its output."""
        process = self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except BaseException:
            kill(process)
            raise
        if check and process.returncode:
            raise AssertionError(f"{' '.join(command)} exited {process.returncode}\n{stdout[-3000:]}\n{stderr[-6000:]}")
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def dvc(self, *arguments: str, **options) -> str:
        return self.run("dvc", *arguments, **options).stdout

    def snakemake(self, *arguments: str, **options) -> str:
        done = self.run("snakemake", "-j8", *arguments, **options)
        return done.stdout + done.stderr

    def git(self, *arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)

    def would_run(self) -> set[str]:
        """Stages that ``dvc repro`` would run, as far as it knows before it has run them; ``code`` is brought up to
        date for it."""
        if "code" in (stale := ran(self.dvc("repro", "--dry"))):
            self.dvc("repro", "code")
            stale = ran(self.dvc("repro", "--dry"))
        return stale

    def snakemake_would_run(self) -> set[str]:
        """Rules that Snakemake would run."""
        lines = self.snakemake("--dry-run", "--quiet", "progress").splitlines()
        return {line.split()[1].rstrip(":") for line in lines if line.startswith("rule ")}

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert old in text, f"{path} holds no {old!r}"
        (self.folder / path).write_text(text.replace(old, new, 1))

    def append(self, path: str, line: str) -> None:
        file = self.folder / path
        file.write_text(f"{file.read_text()}\n{line}\n")

    def change(self, path: str, name: str) -> None:
        """Change what a function or class means, and nothing that it does."""
        edits.change(self.folder / path, name)

    def comment(self) -> None:
        """Other comments, docstrings, annotations and layout in every code file."""
        for file in [*self.folder.glob("cmg/**/*.py"), *self.folder.glob("pipeline/**/*.py")]:
            edits.comment(file)

    def set(self, key: str, value: object) -> None:
        """Set one value of params.yaml."""
        set_value(self.folder / "params.yaml", key, value)

    def value(self, key: str) -> object:
        """A top-level value of params.yaml."""
        return YAML(typ="safe").load((self.folder / "params.yaml").read_text())[key]

    def digests(self) -> dict[str, str]:
        """SHA-256 of every output of every stage, file by file.

        The page holds hardware and times, so it is compared without them, and its receipt, which has the digest of the
        whole, is not.
        """
        found = {}
        for room in ("data", "results", "receipts"):
            for file in sorted((self.folder / room).rglob("*")):
                relative = file.relative_to(self.folder)
                if file.is_file() and relative.parts[:2] not in APART and file.name != ".gitignore":
                    found[relative.as_posix()] = hashlib.sha256(_compared(file)).hexdigest()
        return found

    def copy_to(self, folder: Path) -> "Project":
        """An independent copy, tool state included; what is one file in DVC's cache and at its place is one there,
        too."""
        seen: dict[int, str] = {}

        def copy(source: str, target: str) -> None:
            number = os.stat(source, follow_symlinks=False).st_ino
            if number in seen:
                os.link(seen[number], target)
            else:
                shutil.copy2(source, target, follow_symlinks=False)
                seen[number] = target

        shutil.copytree(self.folder, folder, symlinks=True, copy_function=copy)
        return Project(folder)

    def enable(self, folder: str) -> None:
        """A sweep or side branch of the repository, in this project and known to the tools."""
        shutil.copytree(REPO / folder, self.folder / folder, ignore=shutil.ignore_patterns("dvc.*"))
        self.run("pipeline", "enable", folder)

    def forget(self, stage: str) -> None:
        """As if a stage had never run: outputs, logs, entry in dvc.lock, and the records by which DVC could restore
        them, are gone."""
        lock, yaml = self.folder / "dvc.lock", YAML()
        values = yaml.load(lock.read_text())
        for out in values["stages"].pop(stage)["outs"]:
            path = self.folder / out["path"]
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        with lock.open("w") as handle:
            yaml.dump(values, handle)
        for folder in (".dvc/cache/runs", "logs", "data/.work"):
            shutil.rmtree(self.folder / folder)

    def start(
        self, *command: str, stdout: int = subprocess.DEVNULL, stderr: int = subprocess.DEVNULL
    ) -> subprocess.Popen:
        """Start ``python -m command…`` in its own process group, to be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=environment(),
            start_new_session=True,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )


def ran(said: str) -> set[str]:
    """Stages that ``dvc repro`` says it runs."""
    return {line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")}


def environment() -> dict[str, str]:
    """This process's environment with the project's Python first and nothing that changes a result."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("CMG_", "DVC_", "SNAKEMAKE_", "PYTEST_"))
    }
    scripts = Path(sys.executable).parent
    return {**kept, "PATH": f"{scripts}{os.pathsep}{kept['PATH']}", "PYTHONWARNINGS": "ignore"}


def create(folder: Path) -> Project:
    """A fresh clone in miniature: code and parameters committed to git, DVC initialised, nothing run."""
    folder.mkdir(parents=True)
    for name in CODE:
        source, target = REPO / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    write_params(folder)
    project = Project(folder)
    project.git("init", "--quiet")
    project.dvc("init", "--quiet")
    shutil.copy(REPO / ".dvc/config", folder / ".dvc/config")
    project.commit("miniature")
    return project


def once(tmp_path_factory, name: str, make: Callable[[Path], object]) -> Project:
    """The project that ``make(folder)`` makes, once for all workers of a test session: the first that asks makes it,
    the others wait."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    project, done = Project(shared / name), shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(project.folder, ignore_errors=True)  # of a worker that failed
            make(project.folder)
            done.touch()
    return project


def kill_when(process: subprocess.Popen, ready: Callable[[], bool], timeout: float = 200) -> None:
    """SIGKILL the whole process group as soon as ``ready()``; AssertionError when it ended or the time ran out
    before."""
    deadline = time.monotonic() + timeout
    try:
        while not ready():
            assert process.poll() is None, f"the tool ended with {process.returncode} before it could be killed"
            assert time.monotonic() < deadline, "nothing to interrupt appeared in time"
            time.sleep(0.01)
    finally:
        kill(process)


def kill(process: subprocess.Popen) -> None:
    """SIGKILL what is left of the process group that ``Project.start`` made."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in filter(None, (process.stdout, process.stderr)):
        stream.close()
