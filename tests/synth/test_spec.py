"""Specifications that cannot be met are refused with the number at fault."""

import pytest

from cmg.synth import CorpusSpec, Split


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"classes": 1}, "classes must lie in 2..16, found 1"),
        ({"classes": 17}, "found 17"),
        ({"width": 63}, "even and at least 32, found 63x144"),
        ({"height": 30}, "found 192x30"),
        ({"fps": 0}, "found fps=0"),
        ({"seconds": 1}, "seconds=1"),
        ({"sample_rates": ()}, "sample rates"),
        ({"sample_rates": (8000,)}, "8000"),
        ({"ave": Split(20, -1, 3)}, "ave: clip counts must not be negative"),
        ({"ucf101": Split(4, 1, 4)}, "ucf101 has no val part here: expected val=0, found 1"),
        ({"mscoco": Split(4, 0, 20)}, "mscoco has no train part here: expected train=0, found 4"),
        ({"avvp": Split(0, 15, 20)}, "found {'avvp val': 15}"),
        ({"clotho": Split(20, 20, 3)}, "found {'clotho test': 3}"),
    ],
)
def test_impossible(values, message):
    with pytest.raises(ValueError, match=message):
        CorpusSpec(**values)


def test_few_rows_without_defects():
    spec = CorpusSpec(avvp=Split(0, 1, 1), defects=False)
    assert spec.split("avvp") == Split(0, 1, 1) and spec.split("avvp").total == 2


def test_unknown_dataset():
    with pytest.raises(ValueError, match="no sample corpus for dataset 'vggsound': expected one of vggsound_avel"):
        CorpusSpec().split("vggsound")
