"""Released features of a dataset as a source of rows: the files that its clip index names
(`cmg.datasets.feature_files`)."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.listing import FileChanged, check_fingerprint
from cmg.datasets.safety import UnsafePath
from cmg.released.formats import H5Rows, NumpyFiles, ReleasedError, ZippedPickles

FORMATS: dict[str, type[ZippedPickles | NumpyFiles | H5Rows]] = {
    ".zip": ZippedPickles,
    ".npy": NumpyFiles,
    ".h5": H5Rows,
}


class ReleasedFiles:
    """One modality (`audio` or `video`) of the clips of an index. Files are untrusted, and checked against the
    index."""

    def __init__(self, root: Path, clips: Sequence[Clip], modality: str) -> None:
        self.root, self.clips, self.modality = Path(root), clips, modality

    @property
    def name(self) -> str:
        """The formats found, for the store's recipe."""
        suffixes = sorted({PurePosixPath(path).suffix for path, _ in map(self._file, self.clips) if path is not None})
        return ", ".join(FORMATS[suffix].name for suffix in suffixes)

    def fingerprint(self, row: int, clip_id: str) -> str:
        """That of the file, and the row where one file holds all; "" where there is none."""
        path, mark = self._file(self.clips[row])
        return "" if path is None else f"{mark}:{row}" if path.endswith(".h5") else mark

    def read(self, row: int, clip_id: str) -> np.ndarray:
        """Features of one clip, as released; raises `ReleasedError`."""
        clip = self.clips[row]
        path, mark = self._file(clip)
        if clip.status != "ok":
            raise ReleasedError(clip.status, clip.reason)
        if path is None:
            raise ReleasedError("missing", f"the index names no released {self.modality} features for this clip")
        if path.endswith(".h5"):
            return self._h5.read(row, clip_id)
        file = self._checked(path, mark)
        return FORMATS[file.suffix](file.parent).read(row, file.stem)

    def _file(self, clip: Clip) -> tuple[str | None, str]:
        return (
            (clip.visual, clip.visual_fingerprint) if self.modality == "video" else (clip.audio, clip.audio_fingerprint)
        )

    def _checked(self, path: str, mark: str) -> Path:
        try:
            return check_fingerprint(self.root, path, mark)
        except (FileChanged, UnsafePath) as error:
            raise ReleasedError("changed", str(error)) from error

    @cached_property
    def _h5(self) -> H5Rows:
        path, mark = next((path, mark) for path, mark in map(self._file, self.clips) if path is not None)
        return H5Rows(check_fingerprint(self.root, path, mark), len(self.clips))
