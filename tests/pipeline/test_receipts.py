"""Receipts: what they hold, what follows from them."""

import json
import os
from pathlib import Path

import pytest

from cmg.files import write_bytes
from cmg.store import StoreError
from pipeline.disk import LinkedFolder
from pipeline.orchestration import receipts
from pipeline.orchestration.claims import Busy
from tests.pipeline.test_claims import held
from tests.store.samples import write


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stages = [f"pipeline/stages/{name}.py" for name in ("__init__", "one", "two", "sample", "scan")]
    for name in ("pipeline/__init__.py", *stages):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("x = 1\n")
    Path("in.txt").write_text("a")
    return tmp_path


def run(stage, inputs, output, value, params=None):
    with receipts.record(stage, "x", inputs=[Path(p) for p in inputs], outputs=[Path(output)], params=params or {}):
        write_bytes(Path(output), value.encode())
    return Path("receipts", stage, "x.json").read_bytes()


def test_the_same_work_gives_the_same_receipt_and_a_log_outside_it(project):
    first = run("one", ["in.txt"], "mid.txt", "b")
    assert run("one", ["in.txt"], "mid.txt", "b") == first
    assert "seconds" in json.loads(Path("logs/one/x.json").read_text()) and b"seconds" not in first


@pytest.mark.parametrize(("output", "inside"), [("mid.txt", ""), ("folder", "a"), ("x.zarr", "zarr.json")])
def test_an_input_that_is_not_what_was_made_is_refused_before_anything_is_removed(project, output, inside):
    """Files, folders and stores; whatever bytes changed, and although size and time did not."""
    with receipts.record("one", "x", inputs=[Path("in.txt")], outputs=[Path(output)], params={}):
        if output == "x.zarr":
            write(Path(output))
        else:
            write_bytes(Path(output, inside), b"made")
    run("two", [output], "out.txt", "c")
    file = Path(output, inside)
    time, data = file.stat(), file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(file, ns=(time.st_atime_ns, time.st_mtime_ns))
    with pytest.raises((receipts.ChangedInput, StoreError), match=output):
        run("two", [output], "out.txt", "d")
    assert Path("out.txt").read_text() == "c" and Path("receipts/two/x.json").exists()
    file.write_bytes(data)
    run("two", [output], "out.txt", "d")


def test_media_of_the_sample_may_be_edited_before_a_scan(project):
    run("sample", [], "raw.txt", "media")
    Path("raw.txt").write_text("edited")
    run("scan", ["raw.txt"], "listing.txt", "x")


def test_stale_outputs_are_gone_before_the_body_runs(project):
    Path("out").mkdir()
    Path("out/old.txt").write_text("old")
    with receipts.record("one", "x", inputs=[], outputs=[Path("out")], params={}):
        assert not Path("out").exists()
        write_bytes(Path("out/new.txt"), b"new")
    assert [p.name for p in Path("out").iterdir()] == ["new.txt"]


@pytest.mark.parametrize("made", [(), ("out/a.txt",), ("out/a.txt", "beside.csv")])
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_a_stage_that_refuses_or_fails_leaves_what_an_earlier_run_made(project, made, error):
    def stage(texts, fail):
        with receipts.record("one", "x", inputs=[], outputs=[Path("out")], params={}, unrecorded=[Path("beside.csv")]):
            assert not Path("out").exists() and not Path("beside.csv").exists()
            for name, text in texts.items():
                write_bytes(Path(name), text.encode())
            if fail:
                raise error

    def found():
        return {
            str(file): file.read_bytes() for file in Path().rglob("*") if file.is_file() and "logs" not in file.parts
        }

    with pytest.raises(error):
        stage(dict.fromkeys(made, "new"), fail=True)
    assert not Path("out").exists() and not Path("beside.csv").exists() and not Path("receipts").exists()
    stage({"out/a.txt": "old", "out/b.txt": "old", "beside.csv": "old"}, fail=False)
    before = found()
    with pytest.raises(error):
        stage(dict.fromkeys(made, "new"), fail=True)
    assert found() == before


def test_a_stage_runs_once_at_a_time(project):
    """The second is refused before it touches anything."""
    run("one", [], "out.txt", "old")
    with (
        held(Path("data/.work/claims/one/x")) as process,
        pytest.raises(Busy, match=f"one x: process {process.pid} on "),
    ):
        run("one", [], "out.txt", "new")
    assert Path("out.txt").read_text() == "old" and Path("receipts/one/x.json").exists()


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
    """Cut anywhere, or JSON of another form, however deep."""
    run("one", ["in.txt"], "mid.txt", "b")
    file = Path("receipts/one/x.json")
    whole = file.read_bytes()
    other = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"stage": "one", "item": "x", "inputs": [], "outputs": {}}',
    ]
    for content in [*other, *(whole[:length] for length in range(1, len(whole) - 2, 23))]:
        file.write_bytes(content)
        with pytest.raises(receipts.BadReceipt, match="receipts/one/x.json: not a receipt"):
            receipts.load_all()


@pytest.mark.parametrize(
    "link", ["data", "data/features", "data/features/ave", "data/features/ave/x.zarr", "data/.work"]
)
def test_a_stage_writes_behind_no_link(project, link):
    output = Path("data/features/ave/x.zarr")
    with receipts.record("one", "x", inputs=[], outputs=[output], params={}):
        write(output)
    place, other = Path(link), Path("other").absolute()
    place.rename(other)
    place.symlink_to(other)
    with pytest.raises(LinkedFolder, match=f"{link}: a link to another place"):
        with receipts.record("one", "x", inputs=[], outputs=[output], params={}):
            raise AssertionError("it began")
    assert output.exists() and Path("receipts/one/x.json").exists()
