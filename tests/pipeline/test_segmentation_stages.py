"""The side branch of segmentation in a folder: its files stand apart, both protocols run, the table can be walked
back.
"""

import csv
import json
import shutil
from pathlib import Path

import pytest

from cmg.datasets.clips import Clip, read_index, write_index
from cmg.datasets.exclusions import write_exclusions
from cmg.methods import build
from cmg.tasks.codes import RunCodes
from cmg.train import checkpoint
from cmg.train.standardise import Standardiser
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.tools import verify
from tests.pipeline.conftest import Folder

COUNTS = {
    "avsbench_s4": {"train": 6, "val": 3, "test": 6},
    "seed": 1,
    "classes": 3,
    "width": 48,
    "height": 32,
    "fps": 2,
    "defects": False,
}
FITTED = {"backbone": "small", "epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "flip": False, "check_every": 1}
CONFIG = {"codebook_size": 8, "embedding_dim": 16, "layers": 1, "heads": 2, "feedforward": 16, "text_hidden": 8}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """AVSBench-S4 in miniature, once for all tests: folders to copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("prepared"))
        patch.delenv("CMG_DATA", raising=False)
        made = small(Folder(Path.cwd()))
        for step in ("sample", "scan", "index", *(f"features {m}" for m in ("audio", "text", "pixels", "masks"))):
            name, *rest = step.split()
            assert made.run(" ".join([name, paths.S4, *rest, *(["--source", "sample"] if name == "scan" else [])])) == 0
        return made.path


def small(made):
    made.set("scales.mini.corpus", COUNTS)
    made.set("scales.mini.segmentation", FITTED)
    made.set("methods", ["codaar"])
    made.set("seeds", [0])
    return made


@pytest.fixture
def made(folder, prepared):
    """A folder with the dataset, and an untrained CoDAAR whose pretraining is said to have met one of its test
    clips."""
    made = small(folder())
    for room in ("data", "receipts"):
        shutil.copytree(prepared / room / "segmentation", Path(room) / "segmentation")
    method = build("codaar", CONFIG)
    checkpoint.save(paths.checkpoint("codaar-0"), method, {"method": "codaar", "config": CONFIG})
    Standardiser().save(paths.checkpoint("codaar-0"))
    tested = next(clip.clip_id for clip in read_index(paths.index(paths.S4)) if clip.split == "test")
    write_index(paths.index("vggsound_avel"), [Clip(0, tested, split="train"), Clip(1, "x" * 11, split="train")])
    write_exclusions(paths.EXCLUSIONS, [])
    return made


def test_from_queries_to_the_table(made):
    for command in (
        "segment no_query 0",
        "segment class_query 0",
        "queries codaar 0",
        "segment codaar 0",
        "segmentation",
    ):
        assert made.run(command) == 0
    lines = Path("results/codaar_avs.csv").read_text().splitlines()
    assert lines[0].startswith("# sample corpus")
    rows = list(csv.DictReader(lines[1:]))
    assert [(row["method"], row["direction"]) for row in rows if row["kind"] in ("method", "bound")] == [
        ("CoDAAR", arrow) for arrow in ("A→T", "T→A", "A→A", "T→T")
    ]
    assert all(len(row["fingerprint"]) == 16 for row in rows if row["kind"] != "published")
    codes = RunCodes.read(paths.codes("segmentation/codaar-0"))
    assert {key: codes.entries[key].indices.shape[1] for key in codes.entries} == {
        ("avsbench_s4", "audio"): 5,
        ("avsbench_s4", "text"): 1,
    }
    assert codes.embed("avsbench_s4", "audio", [0]).shape == (1, 5, 48) and not codes.draws
    side = json.loads(paths.run_result("segmentation/codaar-0").read_text())["cells"][0]["side"]
    assert side["n_left_out_test"] == 1, "the clip that was pretrained on"
    apart = {*made.files("data", "results", "receipts")} - {
        *made.files("data/segmentation", "results/segmentation", "receipts/segmentation", "data/.work/claims")
    }
    assert apart - {"results/codaar_avs.csv", "results/codaar_avs.md", "results/segmentation.html"} == {
        *(
            f"data/checkpoints/codaar-0/{name}"
            for name in ("checkpoint.json", "model.safetensors", "statistics.safetensors")
        ),
        "data/index/vggsound_avel.parquet",
        "data/corpus/exclusions.csv",
    }
    found = receipts.load_all()
    name = receipts.producers(found)["results/codaar_avs.csv"]
    walk = receipts.upstream(name, found)
    assert {step.split("/")[0] for step in walk} >= {
        "sample",
        "scan",
        "index",
        "features",
        "queries",
        "segment",
        "segmentation",
    }
    assert list(verify.problems_of(walk, found)) == []


def test_under_published_codes_are_drawn_and_batches_scored(made):
    made.set("evaluate.protocol", "published")
    assert made.run("queries codaar 0") == made.run("segment codaar 0") == 0
    drawn = RunCodes.read(paths.codes("segmentation/codaar-0")).draws
    assert {key[1]: value.shape[0::2] for key, value in drawn.items()} == {"audio": (1, 5), "text": (1, 5)}
    result = json.loads(paths.run_result("segmentation/codaar-0").read_text())
    assert result["protocol"] == "published" and [cell["direction"] for cell in result["cells"]] == ["at", "ta"]
    assert result["cells"][0]["n_test"] == 6, "nothing is left out"


def test_official_weights_that_are_absent_are_asked_for(made, capsys):
    made.set("scales.mini.segmentation", {**FITTED, "backbone": "resnet50"})
    assert made.run("segment no_query 0") == 1
    assert "resnet50-19c8e357.pth not found" in capsys.readouterr().err
