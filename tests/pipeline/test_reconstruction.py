"""Table 3 from a small sample corpus: stages in order, what an edit redoes, what is wrong said in one line."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from cmg.methods.vqvae.model import VQVAE
from cmg.train import loop
from pipeline import params as parameters
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.tools.verify import problems_of
from tests.pipeline.conftest import Folder

CORPUS = {
    "seed": 3,
    "classes": 3,
    "celeba_hq": {"train": 10, "val": 0, "test": 4},
    "width": 64,
    "height": 48,
    "defects": False,
}
SMALL = {"codes": 8, "dims": 16, "residual": 4, "masks": 5}
ABOVE = {"sample/celeba_hq", "scan/celeba_hq", "index/celeba_hq", "features/celeba_hq-pixels"}
SCALE = {"hidden": 8, "epochs": 2, "batch_size": 4}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a store of fourteen small pictures, made once; a test works on a copy of its data."""
    before, root = Path.cwd(), tmp_path_factory.mktemp("faces")
    os.chdir(root)
    try:
        made = _small(Folder(root))
        for command in (
            "sample celeba_hq",
            "scan celeba_hq --source sample",
            "index celeba_hq",
            "features celeba_hq pixels",
        ):
            assert made.run(command) == 0
    finally:
        os.chdir(before)
    return root


@pytest.fixture
def faces(made, folder):
    found = _small(folder())
    for name in ("data/index", "data/features", "receipts"):
        shutil.copytree(made / name, found.path / name)
    return found


def _small(found):
    found.set("scales.mini.corpus", CORPUS)
    found.set("scales.mini.features.pixels.celeba_hq.size", 8)
    found.set("datasets.celeba_hq", {"source": "sample", "count": 14, "held_out": 4})
    found.set("seeds", [0, 1])
    for section, values in (("reconstruction", SMALL), ("scales.mini.reconstruction", SCALE)):
        for key, value in values.items():
            found.set(f"{section}.{key}", value)
    return found


def test_from_pictures_to_the_table(faces, capsys):
    for command in ("vqvae 0", "vqvae 1", "reconstruct 0", "reconstruct 1", "table3"):
        assert faces.run(command) == 0, capsys.readouterr()
    found = json.loads(paths.reconstruction("celeba_hq-0").read_text())
    assert (found["trained"], found["held_out"], found["size"], found["dims"], found["masks"]) == (10, 4, 8, 16, 5)
    assert list(found["readings"]) == ["centred", "plain"]
    for shares in found["readings"].values():
        assert [share["kept"] for share in shares] == [2, 4, 6, 8, 10, 12] and all(
            len(share["random"]) == 5 for share in shares
        )
    pictures = load_file(paths.rebuilt("celeba_hq-0"))
    assert {reading: shown.shape for reading, shown in pictures.items()} == dict.fromkeys(
        ("centred", "plain"), (4, 13, 8, 8, 3)
    )
    lines = paths.table("table3", "csv").read_text().splitlines()
    assert lines[0].startswith("# sample corpus: ") and "leaves open" in lines[1] and len(lines) == 2 + 1 + 12
    assert "random backbones" not in lines[0], "no backbone is in it"

    every = receipts.load_all()
    above = receipts.upstream("table3/table3", every)
    assert set(above) == {
        *(f"{stage}/celeba_hq-{seed}" for stage in ("vqvae", "reconstruct") for seed in (0, 1)),
        *ABOVE,
        "table3/table3",
    }
    assert list(problems_of([name for name in above if name not in ABOVE], every)) == []
    paths.reconstruction("celeba_hq-1").write_text("{}")
    (problem,) = set(problems_of(["reconstruct/celeba_hq-1"], every))
    assert problem.startswith("results/reconstruction/celeba_hq-1.json: content is")


def test_a_run_again_gives_the_same_bytes_and_a_killed_one_goes_on(faces, monkeypatch):
    assert faces.run("vqvae 0") == 0 and faces.run("reconstruct 0") == 0
    before = faces.files("data/vqvae", "data/rebuilt", "results", "receipts")
    faces.set("saves", {"steps": 1, "seconds": 0})
    monkeypatch.setattr(loop, "check_losses", _die_at(5))
    with pytest.raises(KeyboardInterrupt):
        faces.run("vqvae 0")
    assert paths.work("vqvae", "celeba_hq-0.pt").is_file()
    assert faces.files("data/vqvae", "data/rebuilt", "results", "receipts") == before, (
        "what was there stays until there is a new one"
    )
    monkeypatch.undo()
    monkeypatch.chdir(faces.path)
    assert faces.run("vqvae 0") == 0 and faces.run("reconstruct 0") == 0
    assert faces.files("data/vqvae", "data/rebuilt", "results", "receipts") == before
    assert not paths.work("vqvae", "celeba_hq-0.pt").exists()


def _die_at(step):
    def check(done, terms):
        if done.step >= step:
            raise KeyboardInterrupt

    return check


def test_fill_and_readings_are_parameters(faces):
    assert faces.run("vqvae 0") == 0
    faces.set("reconstruction.readings", ["plain", "centred"])
    found = {}
    for fill in ("zero", "mean"):
        faces.set("reconstruction.fill", fill)
        assert faces.run("reconstruct 0") == 0
        found[fill] = json.loads(paths.reconstruction("celeba_hq-0").read_text())
    assert list(found["zero"]["readings"]) == ["centred", "plain"], (
        "sorted in the file; the table has the order of params.yaml"
    )
    centred, plain = ([found[fill]["readings"][name] for fill in ("zero", "mean")] for name in ("centred", "plain"))
    np.testing.assert_allclose(centred[0][0]["random"], centred[1][0]["random"], rtol=1e-6)
    assert not np.allclose(plain[0][0]["random"], plain[1][0]["random"], rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("reconstruction.downsample", 16, "reconstruction.downsample: 16 does not divide the 8 pixels a side"),
        ("reconstruction.codes", 1, "reconstruction.codes: Input should be greater than or equal to 2"),
        ("reconstruction.fill", "one", "reconstruction.fill: Input should be 'zero' or 'mean'"),
        ("reconstruction.readings", ["grey"], "reconstruction.readings.0: Input should be 'centred' or 'plain'"),
        ("stores.pixels", ["avsbench_s4"], "reconstruction.datasets: celeba_hq has no store of pixels"),
        (
            "reconstruction.datasets",
            ["celeba"],
            "reconstruction.datasets: unknown key 'celeba'; did you mean 'celeba_hq'?",
        ),
        ("reconstruction.datasets", [], "reconstruction.datasets: name the dataset whose pictures are rebuilt"),
        ("reconstruction.datasets", ["celeba_hq", "ave"], "reconstruction.datasets: List should have at most 1 item"),
        ("scales.mini.reconstruction.precision", "tf32", "tf32 needs an NVIDIA GPU"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_key(faces, capsys, key, value, said):
    faces.set(key, value)
    assert faces.run("vqvae 0") == 1
    assert said in capsys.readouterr().err


def test_the_vqvae_has_every_knob_of_its_section():
    found = parameters.load()
    assert set(found.vqvae) == set(VQVAE.Config.model_fields)
    assert VQVAE.Config(**found.vqvae) == VQVAE.Config(
        **{**VQVAE.Config().model_dump(), "hidden": found.active.reconstruction.hidden}
    )
