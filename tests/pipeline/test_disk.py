"""Digests of files, folders and stores."""

import pytest

from cmg.files import file_digest, write_bytes, write_json
from cmg.store import StoreError
from pipeline import disk
from tests.store.samples import write


def test_a_folder_digest_sees_names_and_bytes(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/a").write_text("1")
    first = disk.digest(tmp_path / "d")
    (tmp_path / "d/a").rename(tmp_path / "d/b")
    second = disk.digest(tmp_path / "d")
    (tmp_path / "d/b").write_text("2")
    assert len({first, second, disk.digest(tmp_path / "d")}) == 3


def test_what_a_killed_process_left_is_no_content(tmp_path):
    write_bytes(tmp_path / "d/a", b"1")
    before = disk.digest(tmp_path / "d")
    (tmp_path / "d/.a.4711.tmp").write_text("half")
    assert disk.digest(tmp_path / "d") == before


def test_a_store_stands_for_its_seal_and_has_all_its_files(tmp_path):
    store = tmp_path / "x.zarr"
    with pytest.raises(FileNotFoundError):
        disk.digest(store)
    write(store)
    assert disk.digest(store) == file_digest(store / "zarr.json")
    for file in store.rglob("c.*"):
        data = file.read_bytes()
        for damage in (file.unlink, lambda file=file, data=data: file.write_bytes(data[:-1])):
            damage()
            with pytest.raises(StoreError, match=file.name):
                disk.digest(store)
        file.write_bytes(data)
    (store / "zarr.json").unlink()
    with pytest.raises(StoreError, match="not sealed"):
        disk.digest(store)


def test_writes_are_atomic_and_leave_nothing_behind(tmp_path):
    write_json(tmp_path / "deep/x.json", {"b": 1, "a": [1.5]})
    assert (tmp_path / "deep/x.json").read_text() == '{\n "a": [\n  1.5\n ],\n "b": 1\n}\n'
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["x.json"]
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "nan.json", float("nan"))
    assert not (tmp_path / "nan.json").exists()
