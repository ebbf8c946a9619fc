"""Files of a sealed store, memory-mapped; each is checked against the seal when it is first read."""

import hashlib
from pathlib import Path

import numpy as np

from cmg.store.errors import REMEDY, StoreError
from cmg.store.root import Root, stands
from cmg.store.shards import map_file


class SealedFiles:
    """Bytes of the files of the store at ``path`` with this root; what was read once stays so after it was replaced."""

    def __init__(self, path: Path, root: Root):
        self.path, self._root = path, root
        self._checked: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        """The bytes of a file (path in the store), uint8, read-only.

        Raises:
            StoreError: they are not those that were sealed: damaged, or of another store that stands there by now.
        """
        if name not in self._checked:
            self._checked[name] = self._read(name)
        return self._checked[name]

    def _read(self, name: str) -> np.ndarray:
        expected = self._root.attributes["files"][name]["sha256"]
        try:
            data = map_file(self.path / name)
            found = f"SHA-256 {hashlib.sha256(data.data).hexdigest()}"
        except (OSError, ValueError) as error:
            found = str(error)
        if found == f"SHA-256 {expected}":
            return data
        if not stands(self.path, self._root.digest):
            raise StoreError(f"{self.path}: the store was replaced or deleted since it was opened; open it again")
        raise StoreError(
            f"{self.path / name}: expected SHA-256 {expected}, found {found}: damaged; "
            f"remove the store, then: {REMEDY}; `python -m pipeline store verify` lists all that is damaged"
        )
