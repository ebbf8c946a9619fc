"""What users do wrong, with every stage and tool: one line that says what to do, status 1, never a traceback."""

import os
import random
import re
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cmg.methods import METHODS
from pipeline import makers, paths
from pipeline.__main__ import STAGES, TOOLS, main
from pipeline.params import ParameterError, parse
from pipeline.yamlfile import OUTSIDE
from tests import enabled

SHIPPED = YAML(typ="safe").load(Path("params.yaml").read_text())
WORDS = {  # arguments of every stage and tool that takes any
    **{name: "ave" for name in ("sample", "scan", "index", "check")},
    "corpus": "vggsound_avel",
    "features": "ave video",
    **{
        name: "fcid 0" for name in ("pretrain", "codes", "toc", "evaluate", "queries", "segment", "generate", "default")
    },
    **{name: "0" for name in ("vqvae", "reconstruct")},
    "sweep": "fcid table9",
    "store": "verify data/features/ave/video.zarr",
    "import-checkpoint": "fcid absent.pt",
    "export-checkpoint": "fcid-0 out/FCID.pt",
    "fetch-weights": "caffe",
    "caption": "absent",
    "compare-features": "data/features/ave/audio.zarr absent.h5",
    "profile-step": "fcid",
    "verify": "results/table1.csv",
    "enable": "ablations/fcid",
    "explain": "results/table1.csv fcid ave_va",
}
COMMANDS = [f"{name} {WORDS.get(name, '')}".strip() for name in (*STAGES, *TOOLS)]
SELDOM = {"code", "sample", "check", "plots"}  # of a bare folder: what needs nothing that others make
WORK = {"fetch-weights", "profile-step", "record", "recover"}  # a network, a minute, DVC
READS = [command for command in COMMANDS if command.split()[0] not in SELDOM | WORK]
OF_DATASETS = [f"{name} {words}" for name in ("sample", "scan", "index", "check") for words in ("aev",)] + [
    "features aev video"
]


CORPUS = {
    "seed": 3,
    "classes": 2,
    "ave": dict.fromkeys(("train", "val", "test"), 1),
    "width": 64,
    "height": 48,
    "fps": 2,
    "defects": False,
}


def one_line(capsys) -> str:
    """What was said, which must be one line."""
    captured = capsys.readouterr()
    (line,) = (captured.err or captured.out).strip().splitlines()[-1:]
    assert "Traceback" not in captured.err and "Errno" not in captured.err + captured.out
    assert len(captured.err.strip().splitlines()) <= 1, captured.err
    return line


def test_every_stage_and_tool_is_walked():
    assert {command.split()[0] for command in COMMANDS} == {*STAGES, *TOOLS} and set(WORDS) <= {*STAGES, *TOOLS}


@pytest.mark.parametrize("command", COMMANDS)
def test_outside_the_project(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 1
    assert one_line(capsys) == f"params.yaml: no such file here; {OUTSIDE}"


@pytest.mark.parametrize("command", READS)
def test_before_what_it_reads_is_made(folder, capsys, command):
    status = folder().run(command)
    line = one_line(capsys)
    if command == "store verify data/features/ave/video.zarr" or status:
        assert status == 1 and len(line) > 20
    else:
        assert command in ("scan ave", "times", "store ls") or "no" in line


@pytest.mark.parametrize("command", OF_DATASETS)
def test_an_unknown_dataset(folder, capsys, command):
    assert folder().run(command) == 1
    assert "did you mean 'ave'?" in one_line(capsys)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scale: mini\nmethods: [fcid\n", "line 3, column 1"),
        ("scale: [}\n", "line 1"),
        ("a: 1\na: 2\n", "line 2, column 1"),
        ("", "found nothing"),
        ("- a\n", "found list"),
        ("seeds: \t- 1\n\t- 2", "line "),
        ("scale: mini\n? [a, b]\n: 1\n", "params.yaml: "),
    ],
)
def test_broken_yaml(folder, capsys, text, said):
    made = folder()
    (made.path / "params.yaml").write_text(text)
    assert made.run("tables") == 1
    assert said in one_line(capsys)


def test_text_that_is_not_utf_8(folder, capsys):
    made = folder()
    (made.path / "params.yaml").write_bytes(b"scale: mini # \xff\n")
    assert made.run("tables") == 1 and "UTF-8" in one_line(capsys)


def test_any_value_of_another_kind_is_named():
    """One value after the other replaced by one of another kind: parsed, or an error that names the key, never another
    exception."""
    draw = random.Random(0)
    for _ in range(300):
        values = YAML(typ="safe").load(Path("params.yaml").read_text()) if _ % 50 == 0 else values  # noqa: F821
        section, key = values, draw.choice(list(values))
        while isinstance(section[key], dict) and section[key] and draw.random() < 0.7:
            section = section[key]
            key = draw.choice(list(section))
        before, section[key] = section[key], draw.choice([None, "x", -1, 1.5, [], [1], {}, {"a": 1}, True])
        try:
            parse(values, list(METHODS))
        except ParameterError as error:
            assert str(error).startswith("params.yaml: ")
        section[key] = before


@pytest.mark.parametrize("command", ["check ave", "store ls", "verify results/table1.csv"])
def test_a_closed_pipe(folder, monkeypatch, capsys, command):
    """As in ``python -m pipeline check | head -0``: who reads has gone, and nothing is said about it."""
    made = folder()
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert made.run(command) == 1
        monkeypatch.undo()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("source", ["raw", "released"])
def test_a_missing_listing_says_scan_and_the_command_runs(folder, capsys, monkeypatch, source):
    made = folder()
    made.set("scales.mini.corpus", CORPUS)
    made.run("sample ave")
    monkeypatch.setenv("CMG_DATA", "data/sample")
    made.set("datasets.ave.source", source)
    capsys.readouterr()
    assert made.run("index ave") == 1
    line = one_line(capsys)
    command = line.partition("first: python -m pipeline ")[2]
    assert command.startswith("scan ave") and made.run(command) == 0 and made.run("index ave") == 0


def test_a_missing_file_names_the_command_that_makes_it():
    """Of one stage per group of dvc.yaml and of the files beside it: its own command, or the file that makes it."""
    for stage in {(stage.file, stage.group): stage for stage in enabled.stages()}.values():
        folder = Path(stage.file).parent
        wanted = (
            stage.command
            if stage.file == "dvc.yaml"
            else f"python -m pipeline enable {folder} && dvc repro {folder}/dvc.yaml"
        )
        assert {makers.command_of(Path(out)) for out in stage.outs} == {wanted}, stage.name
    assert makers.command_of(paths.listing("ave", "released")) == "python -m pipeline scan ave --source released"
    assert makers.command_of(Path("elsewhere/x.csv")) is None


def test_what_a_message_advises_is_a_command_that_runs():
    """Advice in the code names a stage or tool, with its arguments: `python -m pipeline index` alone is none."""
    told = re.compile(r"python -m pipeline ([a-z-]+)((?: [^`;,.\"')]*)?)")
    for file in [*Path("cmg").rglob("*.py"), *Path("pipeline").rglob("*.py")]:
        for name, words in told.findall(file.read_text()):
            assert name in STAGES or name in TOOLS or name == "stage", f"{file}: {name}"
            assert words.strip() or name not in WORDS or name in ("scan", "check", "store", "verify"), (
                f"{file}: {name} wants arguments"
            )
