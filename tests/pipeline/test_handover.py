"""What is recorded for DVC after a Snakemake run: nothing that is not what its receipt and its seal say."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import disk
from pipeline.orchestration import handover
from tests.store.samples import contents, write

RECEIPT = {"stage": "features", "item": "x", "inputs": {}, "params": {}, "code": {}}


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """A finished stage that made the store x.zarr."""
    monkeypatch.chdir(tmp_path)
    store = write(Path("x.zarr"), failing={2: "missing"})
    Path("receipt.json").write_text(json.dumps({**RECEIPT, "outputs": {"x.zarr": disk.digest(store)}}))
    return SimpleNamespace(receipt="receipt.json", outs=["x.zarr", "receipt.json"])


def test_a_store_is_recorded_only_with_every_byte_of_every_file(stage, capsys):
    assert handover._matches_disk(stage)
    for name, data in contents(Path("x.zarr")).items():
        for damaged in (None, data[:-1], data[:-1] + bytes([data[-1] ^ 1])):
            file = Path("x.zarr", name)
            file.unlink() if damaged is None else file.write_bytes(damaged)
            assert not handover._matches_disk(stage)
            assert "x.zarr" in capsys.readouterr().err
            file.write_bytes(data)
    assert handover._matches_disk(stage)


def test_a_file_that_a_store_does_not_know_is_refused(stage, capsys):
    Path("x.zarr/features/stray").write_text("?")
    assert not handover._matches_disk(stage) and "stray" in capsys.readouterr().err
