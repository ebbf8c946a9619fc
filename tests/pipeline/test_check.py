"""Values that fit the sample corpus are named before a run on real data."""

import shutil

import numpy as np
import pytest

from cmg.datasets.clips import Clip, Event
from pipeline import device
from pipeline.page.reporting import remark
from pipeline.readiness import problems, sample_values, unusable, warnings
from pipeline.tools.check import unlike_features
from tests.parameters import shipped


def test_nothing_is_said_of_the_sample_corpus():
    assert sample_values(shipped()) == []


def test_values_of_the_sample_corpus_are_named_at_the_papers_scale():
    said = "\n".join(sample_values(shipped(scale="paper", methods=["codis"])))
    for key in ("ave.source", "mscoco.pairs is 100; 500", "flickrsound.held_out is 100; 500", "codis.queue"):
        assert key in said
    assert "clotho.seconds" not in said  # shipped as in the papers
    assert "celeba_hq.count is 664; 30000 in the papers" in said
    (celeba,) = [line for line in said.splitlines() if "celeba_hq.source" in line]
    assert "leave it" in celeba and "delete" not in celeba, "table 3 needs a dataset"
    short = {"clotho": {"source": "raw", "seconds": 10}}
    said = "\n".join(sample_values(shipped(scale="paper", datasets=short)))
    assert "clotho.seconds is 10; 30 in the papers" in said and "clotho.words is None; 30 in the papers" in said


def test_real_data_at_the_papers_sizes_need_nothing():
    raw = {name: {"source": "raw"} for name in ("vggsound_avel", "ave")}
    sized = {
        "mscoco": {"source": "raw", "pairs": 500, "words": 30},
        "clotho": {"source": "raw", "seconds": 30, "words": 30},
    }
    assert sample_values(shipped(scale="paper", datasets={**raw, **sized})) == []


def sound(folder, values):
    folder.mkdir(parents=True)
    for row, value in enumerate(values):
        np.save(folder / f"{row}.npy", value)


def test_released_sound_of_the_other_kind_is_a_warning(tmp_path, monkeypatch):
    """A folder of released features is looked at before anything is imported."""
    monkeypatch.setenv("CMG_DATA", str(tmp_path))
    params = shipped(
        datasets={"vggsound_avel": {"source": "released", "version": "90k"}, "ave": {"source": "released"}}
    )
    mixed = remark(shipped(datasets={"vggsound_avel": {"source": "released"}, "ave": {"source": "released"}}))
    assert "are a mixture" in mixed and remark(shipped()) == ""
    monkeypatch.chdir(tmp_path)  # where there are no stores
    signed = np.random.default_rng(0).normal(scale=0.7, size=(9, 10, 128)).astype("f4")
    sound(tmp_path / "vggsound_avel" / "feats" / "vggish", signed)
    sound(tmp_path / "ave" / "feats" / "vggish", signed)
    assert unlike_features("vggsound_avel", params) == []
    (line,) = unlike_features("ave", params)
    assert line.startswith("ave audio: lowest value") and "before VGGish's last ReLU, expected after" in line


def test_clips_without_files_stop_a_run_before_it_begins():
    params = shipped(
        datasets={"mine": {"source": "csv", "manifest": "m.csv"}},
        stores={"video": ["mine"], "audio": [], "text": [], "pixels": []},
    )
    clips = [Clip(row, str(row), status="missing" if row < 6 else "ok") for row in range(100)]
    (said,) = unusable(params, {"mine": clips})
    assert said.startswith("mine: 6 of 100 clips cannot be used, more than features.failure_limit 5%")
    assert not list(unusable(params, {"mine": clips[2:]}))
    assert not list(unusable(params, {"other": clips})), "it has no store"


def test_clips_that_go_on_behind_the_last_second_with_features_are_counted():
    one = {"source": "csv", "manifest": "m.csv"}
    clips = [
        Clip(0, "a", duration=30.0),
        Clip(1, "b", duration=10.0),
        Clip(2, "c", duration=None, events=(Event("dog", 12.0, np.inf),)),
    ]
    stores = {"video": ["mine"], "audio": [], "text": [], "pixels": []}
    said = warnings(shipped(datasets={"mine": one}, stores=stores), {"mine": clips})
    assert sum("will not run" in line for line in said) == 1, (
        "the papers' tasks, whose datasets are not there, have a line together"
    )
    assert "video: 2 clips of mine outlast the 10 seconds with features; see datasets.mine.seconds" in said
    said = warnings(shipped(datasets={"mine": {**one, "seconds": 30}}, stores=stores), {"mine": clips})
    assert not any("outlast" in line for line in said)


def test_nothing_stops_the_shipped_run():
    assert problems(shipped()) == [] and warnings(shipped(), {}) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fcid": {"codebok_size": 400}}, "unknown key 'codebok_size'; did you mean 'codebook_size'?"),
        ({"fcid": {"tau": "warm"}}, "params.yaml: fcid.tau"),
        ({"fcid": {"checkpoint": "gone.pt"}}, "fcid.checkpoint: no file gone.pt"),
        ({"device": "cuda"}, "device: cuda, but torch sees no GPU"),
        ({"stores": {"video": ["vggsound_avel", "aev"]}}, "stores.video: unknown key 'aev'; did you mean 'ave'?"),
        ({"stores": {"audio": ["ave"]}}, "stores.audio: pretraining reads vggsound_avel"),
        ({"stores": {"audio": ["vggsound_avel"]}}, "stores.audio: tasks read ave there"),
        ({"datasets": {"vggsound_avel": {"source": "sample"}}}, "no task can run on vggsound_avel"),
        ({"stores": {"pixels": []}}, "celeba_hq has no store of pixels"),
        ({"datasets": {"ave": {"source": "sample"}}}, "`datasets: []` there makes no table 3"),
        (
            {"pretrain_on": []},
            "pretrain_on: baseline, infonce_kmeans, fcid, codaar needs a dataset to be pretrained on",
        ),
        ({"pretrain_on": ["aev"]}, "pretrain_on: unknown key 'aev'; did you mean 'ave'?"),
        ({"pretrain_on": ["vggsound_avel", "ave"]}, "stores.text: pretraining reads ave"),
    ],
)
def test_what_would_stop_a_run_hours_later_is_said(changes, said):
    if "stores" in changes:
        changes = {"stores": {**shipped().stores.model_dump(), **changes["stores"]}}
    found = problems(shipped(**changes))
    assert any(said in line for line in found), found


def test_missing_weights_and_a_recipe_with_a_typo_are_said(tmp_path, monkeypatch):
    monkeypatch.setenv("CMG_WEIGHTS", str(tmp_path))
    found = "\n".join(problems(shipped(scale="paper")))
    for name in ("caffe", "audioset", "bert-base-uncased"):
        assert f"weights '{name}': " in found
    assert found.count("fetch-weights caffe") == 1
    sources = {
        name: {"source": "released"}
        for name in shipped().datasets
        if name not in ("mscoco", "celeba_hq", "flickrsound")
    }
    kept = {name: shipped().datasets[name].model_dump() for name in ("mscoco", "celeba_hq", "flickrsound")}
    assert "weights 'audioset'" in "\n".join(problems(shipped(scale="paper", datasets={**sources, **kept}))), (
        "flickrsound is extracted"
    )
    mini = shipped().scales.model_dump()
    mini["mini"]["features"]["video"]["weigths"] = "random"
    assert "unknown argument 'weigths'; did you mean 'weights'?" in "\n".join(problems(shipped(scales=mini)))


def test_what_a_user_would_not_want_is_warned_of(monkeypatch):
    monkeypatch.setattr(device, "NVIDIA", device.NVIDIA.with_name("absent"))
    datasets = {**shipped().model_dump()["datasets"], "ave": {"source": "raw"}, "vggsound": {"source": "raw"}}
    del datasets["ucf101"]
    said = "\n".join(warnings(shipped(datasets=datasets), {}))
    assert "scale: mini computes features with random weights, also those of ave, vggsound" in said
    assert "task ucf_vgg will not run without ucf101" in said and "datasets.vggsound is in no list under stores" in said
    released = {**shipped().model_dump()["datasets"], "vggsound_avel": {"source": "released"}}
    assert "video: released features of vggsound_avel beside" in "\n".join(warnings(shipped(datasets=released), {}))
    assert "scale: paper without a GPU" in "\n".join(warnings(shipped(scale="paper"), {}))


def test_features_that_do_not_fit_the_disk_are_warned_of(monkeypatch, tmp_path):
    params = shipped()
    monkeypatch.chdir(tmp_path)
    clips = [Clip(row, f"c{row}", visual="x.mp4", audio="x.wav", duration=10.0) for row in range(1000)]
    free = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free._replace(free=int(0.4e9)))
    said = warnings(params, {"ave": clips})
    assert any("features need 0.5 GB, and 0.4 GB of disk are free" in line for line in said), said
