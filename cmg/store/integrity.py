"""Is a store what it says it is? `verify` reads every byte, `summary` says what is in it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cmg.store.documents import canonical_json
from cmg.store.errors import StoreError
from cmg.store.reader import FeatureStore
from cmg.store.root import ROOT, Problem, file_problems, read_root
from cmg.store.schema import id_set_digest


def check(path: Path, checksums: bool) -> list[Problem]:
    """Compare the files of a sealed store with what its seal records; empty when all is well.

    checksums: compare bytes, which reads all of it; False: sizes alone. A file that the seal does not know is a
    problem, too.
    """
    try:
        files = read_root(path).attributes["files"]
    except StoreError as error:
        return [Problem(ROOT, str(error))]
    present = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
    unknown = (Problem(name, "a file that the seal does not know") for name in sorted(present - set(files) - {ROOT}))
    return [*file_problems(path, files, checksums), *unknown]


def verify(path: Path) -> list[Problem]:
    """``check`` with checksums, then the parts of the store, as zarr reads them, against each other."""
    if problems := check(path, checksums=True):
        return problems
    try:
        return list(_contradictions(FeatureStore(path)))
    except StoreError as error:
        return [Problem(ROOT, f"contradicts the files it lists: {error}")]


def summary(path: Path) -> str:
    """What is in a store and how it was made, as text.

    Raises:
        StoreError: not a sealed store, or one whose files have other sizes than recorded.
    """
    store = FeatureStore(path)
    about, array = store.attrs, store.array
    slots, axes = store.layout.slots, getattr(array.metadata, "dimension_names", None) or ()
    found = sorted(about["counts"].items(), key=lambda item: (item[0] != "ok", item))
    counts = ", ".join(f"{count} {name}" for name, count in found if count)
    lines = {
        "store": path,
        "holds": f"{about['modality']} of {about['dataset']}, {about['provenance']}",
        "clips": f"{about['clips']} ({counts})",
        "features": f"{array.shape} {array.dtype}, axes {', '.join(axes)}",
        "files": f"{len(about['files']) + 1}, {-(-len(store) // slots)} of them shards of {slots} clips",
        "coding": ", ".join(map(str, array.compressors)) or "uncompressed",
        "bytes": f"{sum(entry['bytes'] for entry in about['files'].values()):,}",
        "recipe": canonical_json(about["recipe"]),
        "weights": about["weights_digest"] or "none",
        "id set": about["id_set_digest"],
        "digest": store.digest,
    }
    return "\n".join(f"{name:<9} {value}" for name, value in lines.items())


def _contradictions(store: FeatureStore) -> Iterator[Problem]:
    """Between parts whose bytes are as recorded: a fault of the writer."""
    about = store.attrs
    for name in ("valid", "status", "ids", "fingerprints"):
        getattr(store, name)  # raises where it does not have one value per row
    counts = {name: int((store.status == code).sum()) for name, code in about["status_codes"].items()}
    if counts != about["counts"]:
        yield Problem("status", f"expected counts {about['counts']}, found {counts}")
    if (found := id_set_digest(store.ids)) != about["id_set_digest"]:
        yield Problem("ids", f"expected id set {about['id_set_digest']}, found {found}")
    if wrong := np.flatnonzero((store.status == 0) != (store.valid > 0)).tolist():
        yield Problem("valid", f"expected content exactly where status is ok, found otherwise in rows {wrong[:5]}")
    for shard in range(-(-len(store) // store.layout.slots)):
        yield from _shard_problems(store, shard)


def _shard_problems(store: FeatureStore, shard: int) -> Iterator[Problem]:
    """Rows that zarr reads otherwise than `FeatureStore` does, and failed rows that hold something."""
    name, rows = store.shard_name(shard), np.arange(len(store))[shard * store.layout.slots :][: store.layout.slots]
    ok = store.status[rows] == 0
    try:
        theirs, ours = np.asarray(store.array[rows[0] : rows[-1] + 1]), store.read(rows)
    except (StoreError, ValueError, RuntimeError) as error:  # zarr raises ValueError (index), RuntimeError (chunk)
        yield Problem(name, str(error))
        return
    ours[~ok] = 0
    for slot in np.flatnonzero((theirs != ours).reshape(len(rows), -1).any(axis=1)):
        expected = "features as mapped" if ok[slot] else "none"
        yield Problem(name, f"row {rows[slot]}: expected {expected}, zarr reads others")
