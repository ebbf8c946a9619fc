"""The written corpus: media that decode as planned, damage in the files, shared clips, what the readers make of it."""

import json
from collections import Counter
from dataclasses import asdict, replace

import av
import numpy as np
import pytest

from cmg.datasets.exclusions import counts, exclusions
from cmg.datasets.labels import really_shared
from cmg.datasets.listing import scan
from cmg.datasets.readers import index_dataset
from cmg.media.image import load_rgb
from cmg.synth import DATASETS, CorpusSpec, Split, generate, picture, plan, sound

FILMS = ("vggsound_avel", "ave", "avvp", "ucf101", "valor32k")
CLASSES = FILMS[:4]
FEW = CorpusSpec(
    vggsound_avel=Split(4, 1, 0),
    ave=Split(1, 1, 1),
    ucf101=Split(2, 0, 1),
    width=64,
    height=48,
    fps=2,
    seconds=2,
    defects=False,
)


def streams(path):
    """(frames, width and height, seconds of picture, seconds of sound or None), all decoded."""
    with av.open(str(path)) as container:
        picture = container.streams.video[0]
        size, rate = (picture.width, picture.height), float(picture.average_rate)
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(path)) as container:
        sound = (
            [frame.samples / frame.sample_rate for frame in container.decode(audio=0)]
            if container.streams.audio
            else None
        )
    return frames, size, frames / rate, None if sound is None else sum(sound)


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("dataset", FILMS)
def test_media_decode_as_planned(corpus, tiny, dataset):
    folder, _ = corpus
    healthy = [item for item in plan(dataset, tiny).media if not item.clip.defect]
    assert healthy
    for item in healthy[::3]:
        frames, size, seconds, sound = streams(folder / dataset / item.path)
        assert size == (64, 48)
        assert (frames, seconds) == (round(item.clip.seconds * 4), pytest.approx(item.clip.seconds))
        assert sound == (pytest.approx(item.clip.seconds, abs=0.2) if item.clip.sound else None)


@pytest.mark.parametrize("dataset", ["vggsound_avel", "ave", "avvp", "valor32k"])
def test_damaged_files(corpus, dataset):
    folder, summaries = corpus
    paths = {
        kind: folder / dataset / found[0]
        for kind, found in summaries[dataset].damage.items()
        if kind in ("mute", "short")
    }
    assert streams(paths["mute"])[2:] == (10, None)
    frames, _, seconds, sound = streams(paths["short"])
    assert (frames, seconds) == (25, 6.25) and sound == pytest.approx(6.25, abs=0.2)
    assert not (folder / dataset / summaries[dataset].damage["missing"][0]).exists()
    with pytest.raises(av.error.InvalidDataError):
        av.open(str(folder / dataset / summaries[dataset].damage["truncated"][0]))


@pytest.mark.parametrize("dataset", DATASETS)
def test_folder_holds_the_plan_and_nothing_else(corpus, tiny, dataset):
    folder, summaries = corpus
    found, summary = tree(folder / dataset), summaries[dataset]
    planned = plan(dataset, tiny)
    media = {item.path for item in planned.media if item.clip.defect != "missing"}
    assert found.keys() == media | planned.texts.keys() | {"SAMPLE.json"}
    assert all(found[name] == text.encode() for name, text in planned.texts.items())
    assert (summary.files, summary.bytes) == (len(media), sum(len(found[path]) for path in media))
    mark = json.loads(found["SAMPLE.json"])
    assert mark == json.loads(json.dumps({"specification": tiny.of(dataset), "summary": asdict(summary)}))
    assert not [path.name for path in folder.iterdir() if path.name not in DATASETS]


def test_images_and_sounds_decode_as_planned(corpus, tiny):
    folder, _ = corpus
    for dataset in ("clotho", "mscoco", "flickrsound", "avsbench_s4", "celeba_hq"):
        healthy = [item for item in plan(dataset, tiny).media if not item.clip.defect]
        for item in healthy[::4]:
            path = folder / dataset / item.path
            if path.suffix == ".wav":
                samples, rate = sound.render(tiny, item.clip)
                with av.open(str(path)) as container:
                    assert container.streams.audio[0].rate == rate
                    heard = np.concatenate(
                        [frame.to_ndarray().reshape(-1, len(samples)).T for frame in container.decode(audio=0)], axis=1
                    )
                assert heard.dtype == np.int16 and np.abs(heard / 32767 - samples).max() < 2e-5
            elif item.mask:
                assert np.array_equal(load_rgb(path)[:, :, 0] > 0, picture.mask(tiny, item.clip, item.second))
            else:
                found, expected = load_rgb(path), picture.still(tiny, item.clip, item.second)
                assert np.abs(found.astype(int) - expected).mean() < (1e-9 if path.suffix == ".png" else 20)


@pytest.mark.parametrize(("one", "other"), [("vggsound_avel", "ave"), ("vggsound_avel", "avvp"), ("ave", "avvp")])
def test_shared_clips_are_the_same_files(corpus, tiny, one, other):
    folder, _ = corpus
    paths = [{item.clip.clip_id: folder / name / item.path for item in plan(name, tiny).media} for name in (one, other)]
    shared = paths[0].keys() & paths[1].keys()
    assert shared
    assert all(paths[0][clip_id].read_bytes() == paths[1][clip_id].read_bytes() for clip_id in shared)
    contents = [path.read_bytes() for path in paths[0].values() if path.exists()]
    assert len(set(contents)) == len(contents)


def test_readers_find_the_planned_problems_only(corpus, tiny):
    folder, summaries = corpus
    options = {"vggsound_avel": {"segments": "vggsound-avel50k_labels.json"}}
    indexes = {name: index_dataset(name, folder / name, scan(folder / name), options.get(name)) for name in CLASSES}
    kinds = {
        "orphan row": "orphan",
        "empty row": "zero_length",
        "inverted row": "inverted",
        "duplicate row": "duplicate",
    }
    for name, index in indexes.items():
        assert Counter(clip.split for clip in index.clips) == summaries[name].rows
        missing = [clip.clip_id for clip in index.clips if clip.status == "missing"]
        assert len(missing) == len(summaries[name].damage["missing"])
        assert {clip.status for clip in index.clips} <= {"ok", "missing"}
    found = {
        name: [(problem.kind, problem.text.replace("\\x09", " ")) for problem in index.problems]
        for name, index in indexes.items()
    }
    damage = summaries["avvp"].damage
    assert sorted(found["avvp"]) == sorted((kind, damage[planned][0]) for planned, kind in kinds.items())
    assert [(kind, text.split("&")[1]) for kind, text in found["ave"]] == [
        ("zero_length", summaries["ave"].damage["empty event"][0])
    ]
    assert found["vggsound_avel"] == found["ucf101"] == []


def test_readers_see_the_planned_events_and_overlap(corpus, tiny):
    folder, _ = corpus
    clips = {name: index_dataset(name, folder / name, scan(folder / name)).clips for name in CLASSES}
    planned = {item.path: item.clip for item in plan("avvp", tiny).media}
    dense = [clip for clip in clips["avvp"] if clip.split != "train" and clip.status == "ok"]
    assert len(dense) == 31
    for clip in dense:
        for modality in ("audio", "visual"):
            spans = sorted(
                getattr(event, modality) for event in planned[clip.visual].events if getattr(event, modality)
            )
            assert sorted((event.onset, event.offset) for event in clip.events if event.modality == modality) == spans
    held_out = exclusions(clips)
    assert set(counts(held_out)) == {"ave", "avvp"}
    assert {clips["vggsound_avel"][item.row].split for item in held_out} == {"train"}
    assert set(really_shared(clips["ucf101"], clips["vggsound_avel"])) >= {("PlayingViolin", "playing violin")}


def test_bytes_do_not_depend_on_workers_or_place(tmp_path):
    calls = []
    first = generate(
        "vggsound_avel", tmp_path / "a", FEW, workers=1, progress=lambda done, total: calls.append((done, total))
    )
    second = generate("vggsound_avel", tmp_path / "b" / "c", FEW, workers=2)
    assert first == second and tree(tmp_path / "a") == tree(tmp_path / "b" / "c")
    assert calls == [(done, 5) for done in range(1, 6)]


def test_seed_changes_bytes_and_a_sample_is_replaced(tmp_path):
    generate("ucf101", tmp_path / "u", FEW, workers=1)
    before = tree(tmp_path / "u")
    generate("ucf101", tmp_path / "u", replace(FEW, seed=1), workers=1)
    after = tree(tmp_path / "u")
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before if name.endswith(".avi"))


def test_foreign_folder_is_left_alone(tmp_path):
    root = tmp_path / "ave"
    root.mkdir()
    (root / "Annotations.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="expected no folder or an earlier sample corpus"):
        generate("ave", root, FEW, workers=1)
    assert tree(tmp_path) == {"ave/Annotations.txt": b"mine"}


def test_failed_generation_leaves_the_earlier_sample(tmp_path):
    generate("ave", tmp_path / "ave", FEW, workers=1)
    before = tree(tmp_path / "ave")

    def stop(done, total):
        raise InterruptedError(f"{done} of {total}")

    with pytest.raises(InterruptedError):
        generate("ave", tmp_path / "ave", replace(FEW, seed=1), workers=1, progress=stop)
    assert tree(tmp_path / "ave") == before


def test_unknown_dataset(tmp_path):
    with pytest.raises(ValueError, match="no sample corpus for dataset 'vggsound'"):
        generate("vggsound", tmp_path / "c", FEW)
