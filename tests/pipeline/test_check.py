"""Values that fit the sample corpus are named before a run on real data."""

import numpy as np

from pipeline.page.reporting import remark
from pipeline.tools.check import sample_values, unlike_features
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
    sized = {"mscoco": {"source": "raw", "pairs": 500, "words": 30}, "clotho": {"source": "raw", "seconds": 30, "words": 30}}
    assert sample_values(shipped(scale="paper", datasets={**raw, **sized})) == []


def sound(folder, values):
    folder.mkdir(parents=True)
    for row, value in enumerate(values):
        np.save(folder / f"{row}.npy", value)


def test_released_sound_of_the_other_kind_is_a_warning(tmp_path, monkeypatch):
    """A folder of released features is looked at before anything is imported."""
    monkeypatch.setenv("CMG_DATA", str(tmp_path))
    params = shipped(datasets={"vggsound_avel": {"source": "released", "version": "90k"}, "ave": {"source": "released"}})
    mixed = remark(shipped(datasets={"vggsound_avel": {"source": "released"}, "ave": {"source": "released"}}))
    assert "are a mixture" in mixed and remark(shipped()) == ""
    monkeypatch.chdir(tmp_path)  # where there are no stores
    signed = np.random.default_rng(0).normal(scale=0.7, size=(9, 10, 128)).astype("f4")
    sound(tmp_path / "vggsound_avel" / "feats" / "vggish", signed)
    sound(tmp_path / "ave" / "feats" / "vggish", signed)
    assert unlike_features("vggsound_avel", params) == []
    (line,) = unlike_features("ave", params)
    assert line.startswith("ave audio: lowest value") and "before VGGish's last ReLU, expected after" in line
