"""Damaged media files and annotation lines at random: `python -m tests.campaign.mutations --files 2000 --lines 100000`.

Every file is decoded by the decoding processes as a features stage does, every annotation read by its reader. What may
come out is an array or a failure, an index or an error that `pipeline.errors` knows; anything else is a traceback.
"""

import argparse
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from cmg.datasets.listing import scan
from cmg.datasets.readers import index_dataset
from cmg.media.audio import AudioTask, decode_audio
from cmg.media.failure import MediaFailure
from cmg.media.pool import DecodePool
from cmg.media.source import Source
from cmg.media.video import VideoTask, decode_video
from cmg.media.window import Window
from cmg.synth import CorpusSpec, Split, generate
from pipeline import errors
from tests.media.films import make_colours, make_numbered

MEDIA = {".mp4", ".wav", ".jpg", ".png", ".avi", ".webm", ".flac", ".mkv", ".ts", ".mpg", ".flv"}
FILMS = ("mkv", "avi", "ts", "mpg", "flv", "webm")
CODECS = {"avi": "mpeg4", "mpg": "mpeg2video", "flv": "flv", "webm": "libvpx"}
SMALL = {name: Split(3, 2, 2) for name in ("vggsound_avel", "ave", "avvp", "clotho", "valor32k", "avsbench_s4")}
PARTLY = {
    "ucf101": Split(3, 0, 2),
    "mscoco": Split(0, 0, 3),
    "flickrsound": Split(3, 0, 2),
    "celeba_hq": Split(4, 0, 2),
}
TIME, MEMORY = 60.0, 1 << 30  # limits of one file: seconds, bytes
ODD = (
    "",
    "\0",
    "nan",
    "-1",
    "1e999",
    "../../etc/passwd",
    "/",
    "ü",
    "\ud7ff",
    "99999999999999999999",
    "[" * 2000,
    '"',
    "'",
)


def main() -> int:
    """0 when nothing but arrays, failures, indices and known errors came out."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.mutations", description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        roots = corpus(Path(folder) / "corpus")
        found = media(args.files, films(Path(folder) / "films", roots), Path(folder) / "damaged", draw)
        found += annotations(args.lines, roots, draw)
    print("\n".join(f"{name}: {count}" for name, count in sorted(found.items())))
    return 1 if found["tracebacks"] else 0


def corpus(folder: Path) -> dict[str, Path]:
    """A small sample corpus of every dataset."""
    spec = CorpusSpec(seed=1, classes=2, width=64, height=48, fps=4, defects=False, **SMALL, **PARTLY)
    roots = {name: folder / name for name in (*SMALL, *PARTLY)}
    for name, root in roots.items():
        generate(name, root, spec)
    return roots


def films(folder: Path, roots: dict[str, Path]) -> list[Path]:
    """Some media files of every kind in the corpus, and films in the containers that it has not."""
    folder.mkdir()
    for suffix in FILMS:
        make_numbered(folder / f"numbered.{suffix}", CODECS.get(suffix, "libx264"), 40, 10)
    for suffix in ("mkv", "ts"):
        make_colours(folder / f"colours.{suffix}", 4)
    found = [file for root in roots.values() for file in sorted(root.rglob("*")) if file.suffix.lower() in MEDIA]
    return [*sorted(folder.iterdir()), *random.Random(0).sample(found, min(40, len(found)))]


def media(count: int, sources: list[Path], folder: Path, draw: random.Random) -> Counter[str]:
    """Damaged copies through the decoders of pictures and of sound."""
    folder.mkdir()
    found: Counter[str] = Counter()
    window = Window(frames_per_second=2)
    with DecodePool(decode_video, 1, TIME, MEMORY) as pictures, DecodePool(decode_audio, 1, TIME, MEMORY) as sounds:
        for number in range(count):
            source = draw.choice(sources)
            file = folder / f"{number}{source.suffix}"
            file.write_bytes(damaged(source.read_bytes(), draw))
            place = Source(str(folder), file.name)
            asked = {pictures: VideoTask(place, window), sounds: AudioTask(place, window)}
            for outcome in [pool.submit(task) for pool, task in asked.items()]:
                kind = failure.kind if isinstance(failure := outcome.result(), MediaFailure) else "decoded"
                found[f"media {kind}"] += 1
                if kind == "crashed" and "exit status 1" in failure.reason:
                    found["tracebacks"] += 1
                    print(f"{source.name}, damaged file {number}: {failure.reason}", file=sys.stderr)
            file.unlink()
    return found + Counter({"media files": count})


def damaged(data: bytes, draw: random.Random) -> bytes:
    """One to four wounds: bits, bytes, zeros, a cut, a block twice or elsewhere."""
    held = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        if len(held) < 2:
            break
        start = draw.randrange(min(len(held), draw.choice((64, 4096, len(held)))))
        end = min(len(held), start + draw.choice((1, 4, 100, 5000)))
        kind = draw.choice(("bit", "noise", "zeros", "cut", "twice", "moved"))
        if kind == "bit":
            held[start] ^= 1 << draw.randrange(8)
        elif kind == "noise":
            held[start:end] = draw.randbytes(end - start)
        elif kind == "zeros":
            held[start:end] = bytes(end - start)
        elif kind == "cut":
            del held[draw.choice((start, end)) :]
        elif kind == "twice":
            held[start:start] = held[start:end]
        else:
            block = held[start:end]
            del held[start:end]
            place = draw.randrange(len(held) + 1)
            held[place:place] = block
    return bytes(held)


def annotations(count: int, roots: dict[str, Path], draw: random.Random) -> Counter[str]:
    """Annotation files with damaged lines through their readers, until so many lines have been damaged."""
    found: Counter[str] = Counter()
    files = {name: [file for file in root.rglob("*") if annotates(file)] for name, root in roots.items()}
    while found["annotation lines"] < count:
        name = draw.choice(sorted(name for name, own in files.items() if own))
        file = draw.choice(sorted(files[name]))
        whole = file.read_bytes()
        lines, changed = torn(whole, draw)
        file.write_bytes(lines)
        found["annotation lines"] += changed
        found[outcome_of(lambda name=name: index_dataset(name, roots[name], scan(roots[name], content=False)))] += 1
        file.write_bytes(whole)
    return found


def annotates(file: Path) -> bool:
    return (
        file.is_file() and file.suffix.lower() not in MEDIA and file.name != "SAMPLE.json" and file.stat().st_size > 0
    )


def outcome_of(work: Callable[[], object]) -> str:
    """What came of an index."""
    try:
        work()
    except Exception as error:  # whatever it is, it is counted
        if errors.said(error) is not None:
            return "annotations refused in a line"
        traceback.print_exc()
        return "tracebacks"
    return "annotations read"


def torn(data: bytes, draw: random.Random) -> tuple[bytes, int]:
    """All lines many times, up to half of them damaged, and how many; what is one line (JSON) is damaged like media."""
    lines = data.split(b"\n")
    if len(lines) < 3:
        return damaged(data, draw), 1
    lines *= 30
    chosen = draw.sample(range(len(lines)), draw.randint(1, len(lines) // 2))
    for number in chosen:
        lines[number] = _line(lines[number], draw)
    return b"\n".join(lines), len(chosen)


def _line(line: bytes, draw: random.Random) -> bytes:
    text = line.decode("utf-8", "replace")
    mark = next((mark for mark in ("\t", "&", ",", " ") if mark in text), ",")
    fields = text.split(mark)
    place = draw.randrange(len(fields))
    kind = draw.choice(("odd", "gone", "twice", "swapped", "bytes", "long", "joined"))
    if kind == "odd":
        fields[place] = draw.choice(ODD)
    elif kind == "gone":
        del fields[place]
    elif kind == "twice":
        fields[place:place] = fields[place:]
    elif kind == "swapped":
        draw.shuffle(fields)
    elif kind == "long":
        fields[place] *= 20_000
    elif kind == "joined":
        return line.replace(mark.encode(), b"")
    return damaged(line, draw) if kind == "bytes" else mark.join(fields).encode()


if __name__ == "__main__":
    sys.exit(main())
