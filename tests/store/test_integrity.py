"""Every kind of damage is found and named."""

import hashlib
import json
import re

import pytest

from cmg.store import FeatureStore, StoreError, documents
from cmg.store.integrity import check, summary, verify
from cmg.store.root import seal_of
from tests.store.samples import contents, make_spec, write

FAILING = {2: "missing"}


def files_of(problems):
    return [problem.file for problem in problems]


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_a_good_store_has_no_problems(path, compression):
    write(path, make_spec(compression=compression), FAILING)
    assert verify(path) == []


def test_a_flipped_byte_in_any_file_is_found_there(path):
    write(path, failing=FAILING)
    for name, data in contents(path).items():
        (path / name).write_bytes(bytes([data[0] ^ 1]) + data[1:])
        assert files_of(verify(path)) == [name]
        (path / name).write_bytes(data)
    assert verify(path) == []


def test_sizes_are_checked_without_reading_and_checksums_when_asked(path):
    write(path, failing=FAILING)
    assert check(path, checksums=False) == check(path, checksums=True) == []
    for name, data in contents(path).items():
        flipped = bytes([data[0] ^ 1]) + data[1:]
        for damage, found in ((data[:-1], (True, True)), (flipped, (name == "zarr.json", True)), (None, (True, True))):
            (path / name).unlink() if damage is None else (path / name).write_bytes(damage)
            assert tuple(files_of(check(path, checksums)) == [name] for checksums in (False, True)) == found
        (path / name).write_bytes(data)


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_a_reader_refuses_every_file_that_has_rotted(path, compression):
    """One flipped byte, size and time kept: found when the file is first read, by a reader that had not read it yet."""
    write(path, make_spec(compression=compression), FAILING)
    for name, data in contents(path).items():
        place = len(data) // 2
        if name.endswith("zarr.json") and (name != "features/zarr.json" or compression is None):
            continue  # the root is checked by its seal; the other documents are not read
        reader = FeatureStore(path)
        (path / name).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(StoreError, match=f"{re.escape(name)}: expected SHA-256.*damaged; remove the store"):
            reader.read(range(10)), reader.valid, reader.status, reader.ids, reader.fingerprints
        (path / name).write_bytes(data)
        reader.read(range(10))  # restored
        (path / name).write_bytes(data)


def test_several_damages_are_all_listed(path):
    write(path)
    (path / "features" / "c.0.0.0.0.0").unlink()
    (path / "features" / "c.2.0.0.0.0").write_bytes(b"short")
    (path / "stray.txt").write_text("?")
    problems = verify(path)
    assert files_of(problems) == ["features/c.0.0.0.0.0", "features/c.2.0.0.0.0", "stray.txt"]
    assert [str(problem).split(": ")[1].split(" bytes")[0] for problem in problems[:2]] == [
        "expected 2372",
        "expected 1220",
    ]
    assert "does not know" in str(problems[2])


def test_an_unsealed_or_absent_store_is_a_problem(path):
    assert "found nothing" in verify(path)[0].message
    write(path)
    (path / "zarr.json").unlink()
    assert "not sealed" in verify(path)[0].message
    with pytest.raises(StoreError, match="not sealed"):
        summary(path)


def reseal(path, name: str, data: bytes, **attributes) -> None:
    """What a faulty writer would leave: wrong content under right checksums."""
    (path / name).write_bytes(data)
    document = json.loads((path / "zarr.json").read_text())
    document["attributes"]["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    document["attributes"] |= attributes
    document["attributes"]["seal"] = seal_of(document["attributes"])
    (path / "zarr.json").write_bytes(documents.document(document))


@pytest.mark.parametrize(
    ("name", "data", "file", "message"),
    [
        ("status/c.0", bytes([0] * 10), "status", "expected counts"),
        ("status/c.0", bytes([1, 0, 0] + [0] * 7), "features/c.0.0.0.0.0", "row 0: expected none, zarr reads others"),
        ("status/c.0", bytes([1, 1, 1] + [0] * 7), "features/c.0.0.0.0.0", "expected 1 clips of 576 bytes"),
        ("ids/c.0.0", None, "ids", "expected id set"),
        ("valid/c.0", bytes(40), "valid", r"rows \[0, 1, 3, 4, 5\]"),
    ],
)
def test_contradictions_under_right_checksums_are_found(path, name, data, file, message):
    write(path, failing=FAILING)
    reseal(path, name, (path / name).read_bytes().replace(b"clip 3", b"clip X") if data is None else data)
    found = [problem for problem in verify(path) if problem.file == file]
    assert re.search(message, " ".join(problem.message for problem in found))


def test_ids_that_are_no_text_are_found(path):
    write(path)
    reseal(path, "ids/c.0.0", b"\xff" * (path / "ids/c.0.0").stat().st_size)
    assert "UTF-8" in verify(path)[0].message


def test_digest_follows_content(path, tmp_path):
    first = FeatureStore(write(path)).digest
    assert first == hashlib.sha256((path / "zarr.json").read_bytes()).hexdigest()
    assert FeatureStore(write(tmp_path / "same.zarr")).digest == first
    assert FeatureStore(write(tmp_path / "other.zarr", failing=FAILING)).digest != first


def test_summary_says_what_and_how(path):
    text = summary(write(path, failing=FAILING))
    for part in (
        "video of ave, extracted",
        "10 (9 ok, 1 missing)",
        "(10, 4, 3, 3, 8) float16, axes clip, time, height, width, channel",
        "3 of them shards of 4 clips",
        "frames_per_second",
        "ab" * 32,
    ):
        assert part in text
    assert FeatureStore(path).digest in text


def test_nothing_in_a_store_names_time_host_or_versions(path, tmp_path):
    data = b"".join(contents(write(path)).values())
    for word in (str(tmp_path).encode(), b"numpy", b"0.1.", b"/tmp"):
        assert word not in data


def test_root_metadata_of_the_largest_store_stays_small(path):
    """87,323 clips in shards of 256 are 342 shards; here shards of one clip, so that it is quick."""
    write(path, make_spec(342, clips_per_shard=1), dict.fromkeys(range(342), "missing"))
    assert (path / "zarr.json").stat().st_size < 100_000
    assert len(contents(path)) == 342 + 1 + 8 + 1
