"""The media file of one clip, opened only if it is still the file that was listed; and what decoding it gives."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from cmg.datasets.listing import FileChanged, check_combined, check_fingerprint
from cmg.datasets.safety import UnsafePath, safe_join
from cmg.media.failure import MediaFailure
from cmg.media.remark import Remark


@dataclass(frozen=True)
class Source:
    """root: dataset root; path: relative to it, from the clip index; fingerprint: as listed, "" = not compared.

    files: where the clip is a folder of images, every file that the fingerprint is over, in its order; () where it is
    one file.
    """

    root: str
    path: str
    fingerprint: str = ""
    files: tuple[str, ...] = ()

    def open(self) -> Path:
        """Path of the file (or folder of images), checked.

        Raises:
            MediaFailure: `missing`, `changed`, `empty` (no bytes), or `unreadable` (a path that leaves the root).
        """
        try:
            return self._checked()
        except UnsafePath as error:
            raise MediaFailure("unreadable", str(error)) from error
        except FileChanged as error:
            raise MediaFailure("changed", str(error)) from error

    def _checked(self) -> Path:
        root = Path(self.root)
        full = safe_join(root, self.path)
        if not full.exists():
            raise MediaFailure(
                "missing",
                f"{self.path}: no such file below the dataset root; get it, then run `python -m pipeline scan`",
            )
        if full.is_file() and full.stat().st_size == 0:
            raise MediaFailure("empty", f"{self.path}: the file has no bytes")
        if not self.files:
            return check_fingerprint(root, self.path, self.fingerprint)
        check_combined(root, self.files, self.fingerprint)
        return full

    def images(self) -> list[Path]:
        """Those of `files` that lie in the folder itself, in their order."""
        return [Path(self.root, file) for file in self.files if PurePosixPath(file).parent == PurePosixPath(self.path)]


@dataclass
class Decoded:
    """What one clip decodes to.

    array: video uint8 `[seconds * F, H, W, 3]` RGB; audio float32 `[samples]` mono at `rate`.
    valid: seconds of the clip that the file really has. rate: samples per second (audio), else 0.
    remarks: what was decided for this clip.
    """

    array: np.ndarray
    valid: int
    rate: int = 0
    remarks: tuple[Remark, ...] = ()
