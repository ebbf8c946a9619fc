from pathlib import Path

import numpy as np
import pytest
import torch

from cmg.datasets.clips import Clip
from cmg.datasets.listing import fingerprint
from cmg.extract.recipes import Execution, RecipeError
from cmg.extract.run import pick_device, prepare, rows_of, run, seconds_of
from cmg.store.reader import FeatureStore
from cmg.store.schema import StoreSpec
from cmg.store.writer import StoreWriter
from tests.extract.fakes import Rows
from tests.media.tiny import make_video

VIDEO = {"weights": "random", "frames_per_second": 1, "seconds": 2, "widths": [4, 4, 4, 4, 4]}
AUDIO = {"weights": "random", "seconds": 2, "widths": [4, 4, 4, 4, 4, 4], "hidden": 8}
TEXT = {"weights": "random"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    for name, frames in (("-a b.mp4", 50), ("c#.mp4", 30)):
        make_video(folder / name, frames=frames)
    make_video(folder / "mute.mp4", frames=50, sound=False)
    (folder / "noise.mp4").write_bytes(bytes(1000))
    return folder


def clip(row: int, name: str, mark: str) -> Clip:
    return Clip(
        row, name, name, name, duration=2.0, captions=("a dog",), visual_fingerprint=mark, audio_fingerprint=mark
    )


@pytest.fixture(scope="module")
def clips(root):
    names = ["-a b.mp4", "c#.mp4", "mute.mp4", "noise.mp4", "gone.mp4", "c#.mp4", "-a b.mp4"]
    marks = {name: fingerprint(root / name) for name in set(names) - {"gone.mp4"}}
    rows = [
        Clip(
            row,
            name,
            name,
            name,
            duration=2.0,
            captions=("a dog",),
            visual_fingerprint=(mark := marks.get(name, "")),
            audio_fingerprint=mark,
        )
        for row, name in enumerate(names)
    ]
    rows[5] = Clip(
        5, "listed", "c#.mp4", "c#.mp4", duration=2.0, visual_fingerprint="0" * 32, audio_fingerprint="0" * 32
    )
    rows.append(Clip(7, "broken", status="malformed", reason="line 9: no start", captions=("rain falls", "a dog")))
    return rows


def store(clips, root, folder: Path, modality: str, recipe: dict, workers: int = 1) -> Path:
    execution, rows = Execution("cpu", workers, 30.0), rows_of(modality, clips)
    job = prepare(modality, recipe, folder, execution, clips)
    spec = StoreSpec(
        "toy", modality, rows.ids, rows.fingerprints, job.shape, job.dtype, job.recipe, job.weights_digest, 4
    )
    writer = StoreWriter(folder / f"{modality}.zarr", folder / "work" / modality, spec)
    run(job, clips, root, writer, execution)
    return writer.seal()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize(("modality", "recipe"), [("video", VIDEO), ("audio", AUDIO)])
def test_one_and_two_workers_give_the_same_bytes(clips, root, tmp_path, modality, recipe):
    one, two = (store(clips, root, tmp_path / str(workers), modality, recipe, workers) for workers in (1, 2))
    assert contents(one) == contents(two)


def test_each_bad_clip_is_one_failure_row_in_the_store(clips, root, tmp_path):
    video = FeatureStore(store(clips, root, tmp_path, "video", VIDEO))
    audio = FeatureStore(store(clips, root, tmp_path, "audio", AUDIO))
    assert {found.row: found.status for found in video.failures()} == {
        3: "unreadable",
        4: "missing",
        5: "changed",
        7: "malformed",
    }
    assert {found.row: found.status for found in audio.failures()} == {
        2: "no_audio",
        3: "unreadable",
        4: "missing",
        5: "changed",
        7: "malformed",
    }
    assert list(video.valid) == [2, 1, 2, 0, 0, 0, 2, 0]
    features = np.asarray(video.read([0, 6, 1]))
    assert features.shape == (3, 2, 7, 7, 512) and features.dtype == np.float16
    assert np.array_equal(features[0], features[1]) and not np.array_equal(features[0], features[2])
    assert not features[2, 1].any() and features[2, 0].any()


def test_text_is_stored_once_per_sentence(clips, root, tmp_path):
    text = FeatureStore(store(clips, root, tmp_path, "text", TEXT))
    assert len(text.ids) == 2 and list(text.valid) == [2, 2]
    assert np.asarray(text.read([0, 1])).shape == (2, 10, 768)


def test_only_rows_that_are_left_are_computed_and_alike(clips, root, tmp_path):
    job = prepare("audio", AUDIO, tmp_path, Execution("cpu"))
    everything, rest = Rows(list(range(8))), Rows([1, 7])
    report = run(job, clips, root, everything, Execution("cpu", 1))
    assert report.done == report.total == 8 and report.failures["malformed"] == 1
    run(job, clips, root, rest, Execution("cpu", 1))
    assert set(rest.put_rows) == {1} and rest.failed == {7: ("malformed", "line 9: no start")}
    assert rest.put_rows[1][0].tobytes() == everything.put_rows[1][0].tobytes()


def test_fingerprints_change_with_the_media_and_the_span(clips):
    base = rows_of("video", clips).fingerprints
    assert len(base) == 8 and base[0] == base[6] and base[0] != base[1]
    later = rows_of("video", [Clip(0, "x", "v", start=1.0), Clip(1, "x", "v", start=2.0)]).fingerprints
    assert later[0] != later[1]


def test_a_store_has_the_seconds_its_clips_need():
    image, folder = Clip(0, "a", "val2017/a.JPG", duration=None), Clip(1, "b", "frames/b", "b.wav", duration=5.0)
    film, unknown = Clip(2, "c", "c.mp4", "c.mp4"), Clip(3, "d", "d.avi", duration=None)
    assert seconds_of("video", [image], 10) == 1
    assert seconds_of("video", [image, folder], 10) == 5 == seconds_of("audio", [image, folder], 10)
    assert seconds_of("video", [folder, film], 10) == seconds_of("video", [image, unknown], 10) == 10
    assert seconds_of("audio", [Clip(0, "e", None, "e.wav", duration=None)], 30) == 30
    assert seconds_of("video", [Clip(0, "f", None, "f.wav")], 10) == 1


def test_wrong_requests_are_refused(tmp_path):
    with pytest.raises(RecipeError, match="expected one of video, audio, text"):
        prepare("smell", {}, tmp_path, Execution())
    with pytest.raises(RecipeError, match="did you mean 'weights'"):
        prepare("video", {"weight": "random"}, tmp_path, Execution())
    for modality in ("pixels", "masks"):
        with pytest.raises(RecipeError, match="size: expected at least 1, found 0"):
            prepare(modality, {"size": 0}, tmp_path, Execution("cpu"))
    with pytest.raises(RecipeError, match="device"):
        pick_device("tpu")


@pytest.mark.parametrize("name", ["auto", "cuda", "cuda:0"])
def test_the_names_that_torch_gives_its_devices_are_understood(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device(name).type == "cuda"
    assert pick_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == torch.device("cpu")
    with pytest.raises(RecipeError, match="cuda:1 was asked for"):
        pick_device("cuda:1")
