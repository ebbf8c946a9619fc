"""From media files to a store by the real stages: features are usable, one new clip is one decoding, edits reach what
they concern."""

import json
import shutil

import pytest

from benchmarks.probe import of_dataset
from tests import edits
from tests.e2e import miniature

pytestmark = pytest.mark.e2e


def stages(project, *names):
    for name in names:
        project.run("pipeline", *name.split())


@pytest.fixture(scope="module")
def ave(tmp_path_factory):
    """AVE alone with enough clips for a probe, through the networks that ``scale: mini`` uses."""
    project = miniature.create(tmp_path_factory.mktemp("features") / "p")
    corpus = {
        **miniature.MINI["corpus"],
        "classes": 4,
        "ave": {"train": 60, "val": 0, "test": 30},
        "width": 128,
        "height": 96,
    }
    project.set("scales.mini.corpus", corpus)
    project.set("scales.mini.features.video.widths", None)
    stages(project, "sample ave", "scan ave --source sample", "index ave", "features ave audio", "features ave video")
    yield project
    shutil.rmtree(project.folder)


@pytest.mark.parametrize("modality", ["audio", "video"])
def test_a_linear_probe_tells_unseen_clips_apart_and_nothing_else_does(ave, modality):
    found = of_dataset(
        modality, ave.folder / f"data/features/ave/{modality}.zarr", ave.folder / "data/index/ave.parquet"
    )
    assert found.accuracy >= 90, found
    assert found.shuffled <= 55, found
    assert found.background <= 55, found


def test_one_new_clip_in_the_users_folder_is_one_decoding(ave, tmp_path):
    project = ave.copy_to(tmp_path / "p")
    raw = project.folder / "data/raw/ave"
    shutil.copytree(project.folder / "data/sample/ave", raw)
    project.set("datasets.ave.source", "raw")
    stages(project, "scan ave", "index ave", "features ave audio")
    annotations = raw / "Annotations.txt"
    row = annotations.read_text().splitlines()[1].split("&")
    shutil.copy(raw / f"AVE/{row[1]}.mp4", raw / "AVE/newclip0001.mp4")
    line = "&".join([row[0], "newclip0001", *row[2:]]) + "\n"
    for file in (annotations, raw / "trainSet.txt"):
        text = file.read_text()
        file.write_text(text + ("" if text.endswith("\n") else "\n") + line)
    stages(project, "scan ave", "index ave", "features ave audio")
    log = json.loads((project.folder / "logs/features/ave-audio.json").read_text())
    assert (log["computed"], log["reused"]) == (1, 90)


def test_a_changed_recipe_is_computed_again_and_the_other_modality_reused(ave, tmp_path):
    project = ave.copy_to(tmp_path / "p")
    project.set("scales.mini.features.audio.seed", 1)
    stages(project, "features ave audio", "features ave video")
    logs = {
        modality: json.loads((project.folder / f"logs/features/ave-{modality}.json").read_text())
        for modality in ("audio", "video")
    }
    assert logs["audio"]["reused"] == 0 and logs["audio"]["computed"] == 90
    assert logs["video"]["reused"] == 90 and logs["video"]["computed"] == 0


def test_too_many_failures_fail_the_stage_and_keep_the_work(ave, tmp_path):
    project = ave.copy_to(tmp_path / "p")
    media = sorted((project.folder / "data/sample/ave/AVE").glob("*.mp4"))
    for path in media[:6]:
        path.write_bytes(b"not a video")
    stages(project, "scan ave --source sample", "index ave")
    sealed = project.folder / "data/features/ave/audio.zarr/zarr.json"
    before = sealed.read_bytes()
    done = project.run("pipeline", "features", "ave", "audio", check=False)
    assert done.returncode != 0 and "failure_limit" in done.stderr and "unreadable" in done.stderr
    assert sealed.read_bytes() == before, "what was there before stays"
    project.set("features.failure_limit", 0.5)
    stages(project, "features ave audio")
    failed = (project.folder / "data/features/ave/audio.failures.csv").read_text().splitlines()
    assert len(failed) == 1 + 6 and all("unreadable" in line for line in failed[1:])
    log = json.loads((project.folder / "logs/features/ave-audio.json").read_text())
    assert log["computed"] == 6, "what failed is tried again, and nothing else"


def test_edited_code_computes_every_clip_again_and_a_comment_none(ave, tmp_path):
    project = ave.copy_to(tmp_path / "p")
    file = project.folder / "cmg/extract/logmel.py"
    for edit, expected in ((lambda: edits.change(file, "log_mel"), (90, 0)), (lambda: edits.comment(file), (0, 90))):
        edit()
        stages(project, "features ave audio")
        log = json.loads((project.folder / "logs/features/ave-audio.json").read_text())
        assert (log["computed"], log["reused"]) == expected
