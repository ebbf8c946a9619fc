"""Values that fit the sample corpus are named before a run on real data."""

from pipeline.tools.check import sample_values
from tests.parameters import shipped


def test_nothing_is_said_of_the_sample_corpus():
    assert sample_values(shipped()) == []


def test_values_of_the_sample_corpus_are_named_at_the_papers_scale():
    said = "\n".join(sample_values(shipped(scale="paper", methods=["codis"])))
    for key in ("ave.source", "mscoco.pairs is 100; 500", "flickrsound.held_out is 100; 500", "codis.queue"):
        assert key in said
    assert "clotho.seconds" not in said  # shipped as in the papers
    short = {"clotho": {"source": "raw", "seconds": 10}}
    said = "\n".join(sample_values(shipped(scale="paper", datasets=short)))
    assert "clotho.seconds is 10; 30 in the papers" in said and "clotho.words is None; 30 in the papers" in said


def test_real_data_at_the_papers_sizes_need_nothing():
    raw = {name: {"source": "raw"} for name in ("vggsound_avel", "ave")}
    sized = {"mscoco": {"source": "raw", "pairs": 500, "words": 30}, "clotho": {"source": "raw", "seconds": 30, "words": 30}}
    assert sample_values(shipped(scale="paper", datasets={**raw, **sized})) == []
