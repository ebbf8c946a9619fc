"""A zip that `torch.save` wrote keeps its entries as they are; one that somebody unpacked and zipped again often does
not."""

import zipfile
from pathlib import Path

from cmg.files import left_by_macos

CHECKPOINTS = (".pt", ".pth", ".ckpt", ".bin", ".tar")


def why_unreadable(path: Path) -> str:
    """Why a zip is no file that PyTorch can map, and what to do; "" where nothing is found that speaks against it.

    Raises zipfile.BadZipFile where it is no zip.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    own = [entry for entry in entries if not left_by_macos(entry.filename)]
    inner = [entry.filename for entry in own if entry.filename.endswith(CHECKPOINTS)]
    if inner and not any(entry.filename.rpartition("/")[2] == "data.pkl" for entry in own):
        return f"a zip with {', '.join(inner[:3])} in it: unpack it, and name the file that it holds"
    changes = ["with compression"] if any(entry.compress_type != zipfile.ZIP_STORED for entry in own) else []
    changes += ["with files of macOS among its own"] if len(own) < len(entries) else []
    if not changes:
        return ""
    return (
        f"zipped again {' and '.join(changes)}, which PyTorch cannot read: "
        f"unpack it, and zip the folder in it as it was: zip -0 -r {path.name} FOLDER"
    )
