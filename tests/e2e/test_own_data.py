"""docs/own_data.md, followed to the letter: the only dataset of a project is a manifest of own files."""

import csv
import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cmg.datasets.clips import read_index
from cmg.synth import CorpusSpec, Split, generate
from cmg.tasks.codes import RunCodes
from tests.e2e import miniature

pytestmark = pytest.mark.e2e
PAGE = (Path(__file__).resolve().parents[2] / "docs/own_data.md").read_text(encoding="utf-8")
SPEC = CorpusSpec(seed=3, classes=2, ave=Split(8, 0, 0), width=64, height=48, fps=4, defects=False)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The project after every step of the page but the last, and what its commands said."""
    project = miniature.create(tmp_path_factory.mktemp("own") / "project")
    (manifest,), (values,) = blocks("csv"), blocks("yaml")
    root = project.folder / "data/raw/pets"
    generate("ave", root.parent / "made", SPEC, workers=1)
    films = sorted((root.parent / "made/AVE").glob("*.mp4"))
    for line, film in zip(csv.DictReader(StringIO(manifest)), films, strict=True):
        (root / line["path"]).parent.mkdir(parents=True, exist_ok=True)
        film.rename(root / line["path"])
    (root / "pets.csv").write_text(manifest)
    for key, value in YAML(typ="safe").load(values).items():
        project.set(*(("reconstruction.datasets", value["datasets"]) if key == "reconstruction" else (key, value)))
    project.set("methods", ["fcid"])
    said = []
    for command in blocks("sh")[0].splitlines():
        program, *arguments = shlex.split(command)
        said.append(project.run(*(arguments[1:] if program == "python" else [program, *arguments])).stdout)
    return project, said


def test_the_commands_of_the_page_give_scores_of_every_pair_of_modalities(followed):
    project, (scanned, checked, _) = followed
    assert "9 files" in scanned and "train" in checked
    rows = list(
        csv.DictReader(line for line in (project.folder / "results/own.csv").read_text().splitlines() if line[0] != "#")
    )
    classes = {row["direction"] for row in rows if row["task"] == "pets.classes"}
    assert classes == {a + b for a in "vat" for b in "vat"}
    assert {row["direction"] for row in rows if row["task"] == "pets.pairs"} == {"va", "av", "vt", "tv", "at", "ta"}
    assert all(0 <= float(row["mean"]) <= 100 and row["fingerprint"] for row in rows) and {
        row["method"] for row in rows
    } == {"fcid"}
    assert (project.folder / "results/own.md").read_text().count("pets.classes") == 18
    assert "pets: train" in (project.folder / "results/table1.md").read_text()
    page = (project.folder / "results/report.html").read_text()
    assert 'id="own"' in page and "pets.classes V→A: confusions of FCID" in page and "No pictures were rebuilt." in page


def test_splits_are_drawn_and_recorded_and_codes_are_by_index_row(followed):
    project, _ = followed
    clips = read_index(project.folder / "data/index/pets.parquet")
    assert [sum(clip.split == split for clip in clips) for split in ("train", "val", "test")] == [4, 2, 2]
    assert all(clip.reason == "split drawn, seed 2025" and clip.status == "ok" for clip in clips)
    codes = RunCodes.read(project.folder / "data/codes/fcid-0.safetensors")
    assert codes.get("pets", "video").indices.shape[:2] == (8, 10) and codes.get("pets+clips", "audio").indices.shape[
        :2
    ] == (8, 1)


def test_neither_tool_has_anything_left_and_a_new_file_decodes_itself_alone(followed):
    project, _ = followed
    assert project.would_run() == set() and project.snakemake_would_run() == set()
    line = "dogs/five.mp4,dog,A dog sleeps.\n"
    root = project.folder / "data/raw/pets"
    (root / "dogs/five.mp4").write_bytes((root / "dogs/four.mp4").read_bytes())
    (root / "pets.csv").write_text((root / "pets.csv").read_text() + line)
    project.run("pipeline", "scan", "pets")
    stale = project.would_run()
    assert "index@pets" in stale and "code" not in stale
    said = project.dvc("repro", "features_audio@pets")
    assert "9 rows, 1 computed, 8 reused" in said


def test_what_is_nearest_is_printed(followed):
    project, _ = followed
    program, *arguments = shlex.split(blocks("sh")[1])
    said = project.run(*arguments[1:]).stdout.splitlines()
    assert said[0].startswith("one.mp4 (") and len(said) == 4


def test_what_pretraining_lacks_is_said_by_the_first_stage(followed, tmp_path):
    project = followed[0].copy_to(tmp_path / "copy")
    project.set("stores.text", [])
    done = project.run("dvc", "repro", check=False)
    assert done.returncode and "stores.text: pretraining reads pets" in done.stderr + done.stdout
    assert miniature.ran(done.stdout) == {"code"}


def test_table_3_without_its_pictures_is_said_by_the_first_stage(followed, tmp_path):
    project = followed[0].copy_to(tmp_path / "copy")
    project.set("reconstruction.datasets", ["celeba_hq"])
    done = project.run("dvc", "repro", check=False)
    assert done.returncode and "`datasets: []` there makes no table 3" in done.stderr + done.stdout
    assert miniature.ran(done.stdout) == {"code"}


def test_what_git_has_is_enough_for_another_clone_and_for_an_experiment_of_its_own(followed, tmp_path):
    """Listings of own files are no outputs: git carries them, the rest is DVC's."""
    project, _ = followed
    project.dvc("repro")  # another test has edited it
    project.commit("Main run")
    project.dvc("remote", "add", "--default", "group", str(tmp_path / "remote"))
    project.dvc("push")
    project.commit("Where results are")
    other = miniature.Project(tmp_path / "clone")
    project.git("clone", "--quiet", str(project.folder), str(other.folder))
    other.dvc("pull")
    assert "up to date" in other.dvc("status")
    said = other.dvc("exp", "run", "--temp", "-S", "toc.lam=0.6", "toc@fcid-0")
    assert re.findall(r"Running stage '(\S+)'", said) == ["toc@fcid-0"]
