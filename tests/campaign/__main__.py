"""See the package."""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.campaign import __doc__ as about
from tests.campaign import faults
from tests.campaign.round import Round
from tests.e2e import miniature


def main() -> int:
    """0 when no round ended in other bytes, and none was stuck."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=about)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument(
        "--seed", type=int, default=0, help="of everything that is drawn; when processes meet is the machine's chance"
    )
    parser.add_argument(
        "--reference", type=Path, help="a finished miniature project, whose code is tested; made where it is none yet"
    )
    parser.add_argument("--fault", choices=faults.FAULTS, help="this one alone")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing stays mounted
    with tempfile.TemporaryDirectory() as folder, mounted(Path(folder) / "disk") as disk:
        total = campaign(args, disk)
    print("\n".join(f"{name}: {count}" for name, count in sorted(total.items()) if count))
    return 1 if total["wrong"] or total["stuck"] or total["wrong reads"] or total["rotten objects not found"] else 0


def campaign(args: argparse.Namespace, disk: Path) -> Counter[str]:
    """Rounds until the time is up; what happened in all of them."""
    draw, total = random.Random(args.seed), Counter()
    reference = made(args.reference or disk.parent / "reference")
    reference.copy_to(disk / "reference")
    expected, end = reference.digests(), time.monotonic() + 60 * args.minutes
    while time.monotonic() < end:
        number, fault = total["rounds"], args.fault or draw.choices(list(faults.FAULTS), faults.FAULTS.values())[0]
        counts = one(miniature.Project(disk / "reference").copy_to(disk / "round"), fault, draw, expected)
        total.update(counts | Counter(rounds=1))
        print(
            f"{number} {fault}: {', '.join(f'{name} {count}' for name, count in counts.items() if count)}", flush=True
        )
        if counts["wrong"] or counts["stuck"]:
            shutil.copytree(disk / "round", f"campaign-{args.seed}-{number}", symlinks=True)
        shutil.rmtree(disk / "round")
    return total


def one(project: miniature.Project, fault: str, draw: random.Random, expected: dict[str, str]) -> Counter[str]:
    """A round with one fault."""
    found = Round(project, draw)
    project.set("saves", {"steps": 1, "seconds": 0})
    found.forget(draw.randint(1, 6))
    try:
        getattr(faults, fault)(found)
        if not found.complete():
            found.counts["stuck"] += 1
            print(found.said, file=sys.stderr)
            return found.counts
    except (AssertionError, subprocess.SubprocessError, OSError, StopIteration):
        traceback.print_exc()
        found.counts["stuck"] += 1
        return found.counts
    finally:
        found.end()
    differing = sorted(name for name, _ in project.digests().items() ^ expected.items())
    found.counts["wrong" if differing else "identical"] += 1
    print("".join(f"  differs: {name}\n" for name in dict.fromkeys(differing)), end="")
    return found.counts


def made(folder: Path) -> miniature.Project:
    """The finished project, by an undisturbed `dvc repro`."""
    if not (folder / "dvc.lock").exists():
        project = miniature.create(folder)
        project.set("scales.mini.pretrain.processes", 2)  # torchrun's ranks may be killed, too
        project.dvc("repro")
        project.commit("ran")
    return miniature.Project(folder)


class mounted:  # noqa: N801 (a context manager)
    """A file system in memory at ``folder``, so that a disk can be full; an ordinary folder where none can be
    mounted."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self) -> Path:
        self.folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={faults.SMALL}", "tmpfs", str(self.folder)]
        self.own = subprocess.run(command, capture_output=True, check=False).returncode == 0
        if not self.own:
            faults.FAULTS.pop("full_disk")
            print("no file system could be mounted (that needs root): no round with a full disk")
        return self.folder

    def __exit__(self, *_: object) -> None:
        if self.own:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


if __name__ == "__main__":
    sys.exit(main())
