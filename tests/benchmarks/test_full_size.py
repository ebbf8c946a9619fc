"""The rehearsal at full size: its raw data are read as the official ones are, and what a step costs is measured."""

import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

from benchmarks import full_size
from benchmarks.full_size import Cost
from benchmarks.simulated import Simulation
from cmg.datasets import ave, vggsound_avel
from cmg.datasets.listing import scan
from pipeline import params as parameters

WORK = """
import sys, time
kept = bytearray(300 << 20)
open(sys.argv[1], "rb").read()
open("made", "w").close()
time.sleep(float(sys.argv[2]))
"""


def test_its_lists_are_read_whole_and_each_clip_has_its_file(tmp_path):
    full_size.write_vggsound(tmp_path / "vggsound_avel", 300)
    full_size.write_ave(tmp_path / "ave", 100)
    for module, root, clips in ((vggsound_avel, "vggsound_avel", 300), (ave, "ave", 100)):
        found = module.index(tmp_path / root, scan(tmp_path / root), module.Options())
        assert len(found.clips) == clips and {clip.status for clip in found.clips} == {"ok"} and not found.problems
        splits = Counter(clip.split for clip in found.clips)
        assert splits["train"] > splits["val"] + splits["test"] > 0


def test_a_clip_more_moves_every_later_row(tmp_path):
    root = tmp_path / "data/raw/vggsound_avel"
    full_size.write_vggsound(root, 20)
    full_size.add_clip(tmp_path, 20)
    found = vggsound_avel.index(root, scan(root), vggsound_avel.Options()).clips
    assert [clip.clip_id for clip in found[8:13]] == [full_size.video_id(row) for row in (8, 20, 9, 10, 11)]


def test_simulated_clips_of_given_classes_are_those_that_are_drawn():
    world = Simulation(classes=5)
    drawn, labels = world.clips(4, 3)
    assert not torch.equal(drawn.video, world.clips_of(labels, 4).video)
    assert world.clips_of(labels, 3).video.shape == drawn.video.shape


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(full_size, "_environment", lambda: {"PYTHONPATH": str(tmp_path)})
    (tmp_path / "work.py").write_text(WORK)
    (tmp_path / "large").write_bytes(bytes(50 << 20))
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_and_bytes_read_of_a_process_are_seen(project):
    cost = full_size.measured(project, "work", "large", "0.7")
    assert cost.seconds >= 0.7 and 300 << 20 <= cost.memory < 500 << 20 and 50 << 20 <= cost.read < 80 << 20


def test_a_step_ends_when_something_holds_and_one_that_fails_says_where_to_look(project):
    cost = full_size.measured(project, "work", "large", "60", until=(project / "made").exists)
    assert cost.seconds < 60
    with pytest.raises(SystemExit, match="work nothing 0: status 1; see .*full_size.log"):
        full_size.measured(project, "work", "nothing", "0")
    assert "No such file" in (project / "full_size.log").read_text()


@pytest.mark.parametrize(
    ("name", "cost", "said"),
    [
        ("codes", Cost(601, 1 << 30, 0), "(over 10 min)"),
        ("fill ave video", Cost(601, 9 << 30, 0), "(over 8 GiB)"),
        ("status after a record", Cost(21, 0, 0), "(over 20 s)"),
        ("toc", Cost(21, 0, 0), "read"),
    ],
)
def test_what_is_over_the_limits_is_said(name, cost, said):
    assert full_size.line(name, cost).endswith(said)


def test_every_step_names_a_stage_or_tool(tmp_path):
    names = list(full_size.steps(Path(tmp_path), 10))
    assert len(names) == len(set(names)) and names.index("corpus") < names.index("codes") < names.index(
        "verify table 1"
    )


def test_the_parameters_of_its_project_are_ones_that_the_stages_take(tmp_path):
    """Its two data sets alone: every section that names others must have been told."""
    full_size.make_project(tmp_path / "project", 10)
    found = parameters.load(tmp_path / "project/params.yaml")
    assert set(found.datasets) == {"vggsound_avel", "ave"} and found.methods == ["fcid"]
