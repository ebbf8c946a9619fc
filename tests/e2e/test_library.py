"""The front door on a trained miniature: the codes of `cmg.load` are the stage's, and every example of the pages runs
as it is printed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import cmg
from cmg.registry import RETRIEVAL
from cmg.tasks.codes import RunCodes
from tests.e2e import miniature

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("run", ["fcid-0", "baseline-0"])
def test_a_loaded_model_gives_the_codes_of_the_stage_from_raw_features(made_by_dvc, run):
    model = cmg.load(made_by_dvc.folder / "data/checkpoints" / run)
    stage = RunCodes.read(made_by_dvc.folder / "data/codes" / f"{run}.safetensors")
    assert {modality for _, modality in stage.entries} == set(model.modalities)
    for (dataset, modality), expected in stage.entries.items():
        store = cmg.FeatureStore(made_by_dvc.folder / f"data/features/{dataset}/{modality}.zarr")
        features, level = store.read(np.arange(len(store))), "clip" if dataset in RETRIEVAL else "second"
        given = [
            (store, None),
            (features, store.valid),
            (torch.from_numpy(features), store.valid),
            (features.astype("f4"), None),
        ]
        for form, valid in given:
            found = model.encode(**{modality: form}, valid=valid, level=level)
            np.testing.assert_array_equal(found.indices, expected.indices, f"{dataset} {modality}")
            np.testing.assert_array_equal(found.vectors, stage.embed(dataset, modality, np.arange(len(store))))


def test_a_loaded_model_names_what_it_is_wrongly_asked(made_by_dvc):
    model = cmg.load(made_by_dvc.folder / "data/checkpoints/fcid-0")
    sound = np.ones((2, 10, 128), "f4")
    for wrong, message in (
        ({}, "expected one of audio, video and text, found none"),
        ({"audio": sound, "video": sound}, "found audio, video"),
        ({"audio": sound[0]}, r"expected audio features \[B, T, 128\] of a float type, found float32 \[10, 128\]"),
        ({"video": sound}, r"video features \[B, T, 7, 7, 512\]"),
        ({"audio": sound.astype(int)}, "of a float type, found int64"),
        ({"audio": sound, "valid": [11, 1]}, r"expected valid, 2 whole numbers from 0 to 10, found \[11, 1\]"),
        ({"audio": sound, "level": "clips"}, "level 'clips'; expected second or clip"),
    ):
        with pytest.raises(ValueError, match=message):
            model.encode(**wrong)
    half = torch.from_numpy(sound).bfloat16()
    np.testing.assert_array_equal(model.encode(audio=half).indices, model.encode(audio=sound).indices)
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        cmg.load(made_by_dvc.folder / "data/checkpoints/fcid-9")


@pytest.fixture(scope="module")
def outside(made_by_dvc, tmp_path_factory):
    """What a user has: a checkpoint, stores, and a few files; no pipeline, no parameters."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "data").mkdir()
    for name in ("data/checkpoints", "data/features", "results"):
        (folder / name).symlink_to(made_by_dvc.folder / name)
    films = sorted((made_by_dvc.folder / "data/sample/ave/AVE").glob("*.mp4"))
    (folder / "videos").mkdir()
    for film in films[:3]:
        (folder / "videos" / film.name).write_bytes(film.read_bytes())
    (folder / "clip.mp4").write_bytes(films[4].read_bytes())
    (folder / "sentences.txt").write_text("A dog barks.\nA horse runs past.\n")
    (folder / "videos" / "notes.md").write_text("no media")
    return folder


def run(outside, *command, status=0):
    environment = {**miniature.environment(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *command], cwd=outside, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


@pytest.mark.parametrize("page", ["docs/library.md", "README.md"])
def test_python_examples_run_as_printed(outside, page):
    said = run(outside, "-c", "\n".join(blocks(page, "python")))
    assert "(3, 10, 128)" in said
    assert blocks("README.md", "python") == blocks("docs/library.md", "python")[:1]


def test_commands_run_as_printed_and_agree_with_the_stores(outside):
    said = {}
    for line in blocks("docs/library.md", "sh")[0].splitlines():
        program, *arguments = shlex.split(line)
        assert program == "cmg"
        said[line] = run(outside, "-m", "cmg.cli", *arguments)
    films = sorted(path.name for path in (outside / "videos").glob("*.mp4"))
    for modality in ("video", "audio"):
        store = cmg.FeatureStore(outside / f"data/features/ave/{modality}.zarr")
        with np.load(outside / f"features.{modality}.npz", allow_pickle=False) as found:
            assert found["ids"].tolist() == films and found["ids"].dtype.kind == "U"
            known = store.read(store.rows_of([name.removesuffix(".mp4") for name in films]))
            np.testing.assert_allclose(found["features"], known, rtol=1e-2, atol=1e-3)
    assert cmg.FeatureStore(outside / "sentences.zarr").ids == ["A dog barks.", "A horse runs past."]
    encoded = next(text for line, text in said.items() if "clip.mp4 sentences.txt" in line).splitlines()
    assert [line.split("\t")[:2] for line in encoded[:2]] == [["clip.mp4", "audio"], ["clip.mp4", "video"]]
    assert len(encoded[0].split("\t")[2].split()) == 10
    with np.load(outside / "codes.npz", allow_pickle=False) as codes:
        assert codes["video.ids"].tolist() == films and codes["audio.vectors"].shape == (3, 10, 256)
    nearest = next(text for line, text in said.items() if "--in ave/audio" in line).splitlines()
    assert "(video), nearest in ave/audio" in nearest[0] and len(nearest) == 6
    scores = [float(line.split()[0]) for line in nearest[1:]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("extract videos --out x.npz", "say which features"),
        ("extract videos --video --out x.csv", "ends in .zarr, .npz, .h5"),
        ("extract nowhere --video --out x.npz", "nowhere: no such file or folder"),
        ("extract data --audio --out x.npz", "holds no media file"),
        ("extract videos --video --out x.npz", "weights 'caffe'"),
        ("extract videos --video --set video.sizes=1 --out x.npz", "unknown argument 'sizes'"),
        ("extract videos --video --set frames=1 --out x.npz", "expected MODALITY.KEY=VALUE"),
        ("extract --text clip.mp4 --set text.weights=random --out x.npz", "expected a text file in UTF-8"),
        ("encode nowhere clip.mp4", "no checkpoint"),
        ("encode data/checkpoints/fcid-0 clip.mp4 --out x.json", "ends in .npz"),
        ("nearest data/checkpoints/fcid-0 clip.mp4 --in ave/audio -k -1", "-k -1: expected 1 or more"),
        ("nearest data/checkpoints/fcid-0 clip.mp4 --in ave/smell", "smell.zarr: expected a feature store"),
        (
            "nearest data/checkpoints/fcid-0 sentences.txt --in ave/audio --by video",
            "the files have text; asked for video",
        ),
    ],
)
def test_what_a_user_can_do_wrong_is_one_line(outside, command, message):
    said = run(outside, "-m", "cmg.cli", *shlex.split(command), status=1)
    assert said.startswith("cmg: ") and message in said and len(said.splitlines()) == 1
    assert not list(outside.glob("x.*")) and not list(outside.glob(".cmg-*"))
