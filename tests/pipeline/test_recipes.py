"""Recipes in params.yaml through the command: wrong ones are one line and status 1, pixels and masks have one per
dataset."""

import json

import pytest

from tests.parameters import shipped

CASES = [("video", "frames_per_second", value) for value in ("2", 2.5, None, True)] + [
    ("video", "widths", 8),
    ("audio", "seconds", [10]),
    ("text", "words", 10.0),
    ("text", "frames_per_second", 2),
    ("pixels", "size", "64"),
    ("masks", "dtype", [16]),
]


@pytest.fixture
def indexed(folder):
    """A folder with the index of three clips whose media no case opens."""
    made = folder()
    made.set("datasets.valor32k", {"source": "raw"})
    root = made.path / "data/raw/valor32k"
    root.mkdir(parents=True)
    for split in ("train", "val", "test"):
        (root / f"desc_{split}.json").write_text(
            json.dumps([{"video_id": f"{split:_<11}_0.000_10.000", "desc": f"A {split}"}])
        )
    assert (made.run("scan valor32k"), made.run("index valor32k")) == (0, 0)
    for modality in ("pixels", "masks"):
        made.set(f"scales.mini.features.{modality}.valor32k", {})
    return made


def test_a_wrong_type_is_one_line(indexed, capsys):
    shown = (indexed.path / "params.yaml").read_text()
    for modality, key, value in CASES:
        (indexed.path / "params.yaml").write_text(shown)
        where = f"scales.mini.features.{modality}" + (".valor32k" if modality in ("pixels", "masks") else "")
        indexed.set(f"{where}.{key}", value)
        capsys.readouterr()
        assert indexed.run(f"features valor32k {modality}") == 1
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"params.yaml: {where}: ") and key in line
        assert "unknown argument" in line or line.endswith(f"found {json.dumps(value)}")


@pytest.mark.parametrize("value", ["10", True, 2.5, 0])
def test_a_wrong_limit_of_a_dataset_is_one_line(indexed, capsys, value):
    indexed.set("datasets.valor32k.seconds", value)
    assert indexed.run("features valor32k audio") == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("params.yaml: datasets.valor32k.seconds: Input should be ") and line.endswith(
        f", found {json.dumps(value)}"
    )


def test_pixels_of_a_dataset_without_a_size(indexed, capsys):
    indexed.set("scales.mini.features.pixels", {"celeba_hq": {"size": 32}})
    assert indexed.run("features valor32k pixels") == 1
    assert capsys.readouterr().err == (
        "params.yaml: scales.mini.features.pixels: unknown key 'valor32k'; "
        "known keys: celeba_hq (or add `valor32k: {size: 64}`)\n"
    )


@pytest.mark.parametrize(
    ("scale", "sizes"),
    [
        ("mini", {"celeba_hq": 32, "avsbench_s4": 64, "flickrsound": 32}),
        ("paper", {"celeba_hq": 128, "avsbench_s4": 224, "flickrsound": 256}),
    ],
)
def test_sizes_by_dataset(scale, sizes):
    params = shipped(scale=scale)
    assert {dataset: params.recipe(dataset, "pixels")[1]["size"] for dataset in sizes} == sizes
    assert params.recipe("avsbench_s4", "masks")[1]["size"] == sizes["avsbench_s4"]
