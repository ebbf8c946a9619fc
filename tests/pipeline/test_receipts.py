"""Receipts: what they hold, what follows from them."""

import json
from pathlib import Path

import pytest

from pipeline import files
from pipeline.orchestration import receipts


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pipeline/__init__.py", "pipeline/stages/__init__.py", "pipeline/stages/one.py", "pipeline/stages/two.py"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("x = 1\n")
    Path("in.txt").write_text("a")
    return tmp_path


def run(stage, inputs, output, value, params=None):
    with receipts.record(stage, "x", inputs=[Path(p) for p in inputs], outputs=[Path(output)], params=params or {}):
        files.write_bytes(Path(output), value.encode())
    return Path("receipts", stage, "x.json").read_bytes()


def test_the_same_work_gives_the_same_receipt_and_a_log_outside_it(project):
    first = run("one", ["in.txt"], "mid.txt", "b")
    assert run("one", ["in.txt"], "mid.txt", "b") == first
    assert "seconds" in json.loads(Path("logs/one/x.json").read_text()) and b"seconds" not in first


def test_stale_outputs_are_gone_before_the_body_runs(project):
    Path("out").mkdir()
    Path("out/old.txt").write_text("old")
    with receipts.record("one", "x", inputs=[], outputs=[Path("out")], params={}):
        assert not Path("out").exists()
        files.write_bytes(Path("out/new.txt"), b"new")
    assert [p.name for p in Path("out").iterdir()] == ["new.txt"]


def test_a_promised_output_that_is_missing_leaves_no_receipt(project):
    with pytest.raises(FileNotFoundError):
        with receipts.record("one", "x", inputs=[], outputs=[Path("never.txt")], params={}):
            pass
    assert not Path("receipts/one/x.json").exists()


def test_a_failing_body_leaves_no_receipt(project):
    with pytest.raises(ZeroDivisionError):
        with receipts.record("one", "x", inputs=[], outputs=[], params={}):
            raise ZeroDivisionError
    assert not Path("receipts/one/x.json").exists()


def test_fingerprint_changes_with_anything_upstream(project):
    run("one", ["in.txt"], "mid.txt", "b")
    run("two", ["mid.txt"], "out.txt", "c")
    found = receipts.load_all()
    assert receipts.upstream("two/x", found) == ["one/x", "two/x"]
    before = receipts.fingerprint(["two/x"], found)
    run("one", ["in.txt"], "mid.txt", "b", {"knob": 1})
    assert receipts.fingerprint(["two/x"], receipts.load_all()) != before


def test_a_damaged_receipt_is_named(project):
    Path("receipts/one").mkdir(parents=True)
    Path("receipts/one/x.json").write_text("{")
    with pytest.raises(ValueError, match="receipts/one/x.json"):
        receipts.load_all()
