"""Class names are the official ones and agree with the class maps of the field."""

from dataclasses import fields, replace

import pytest

from cmg.datasets.names import AVE_CLASSES, AVE_TO_AVVP, AVVP_CLASSES, UCF_TO_VGGSOUND
from cmg.datasets.prompts import FOLDER, read_prompts
from cmg.synth import DATASETS, CorpusSpec
from cmg.synth.concepts import CONCEPTS, UCF_INDEX, Concept, labels


def test_names_are_official():
    assert {concept.ave for concept in CONCEPTS} - {None} <= set(AVE_CLASSES)
    assert {concept.avvp for concept in CONCEPTS} - {None} <= set(AVVP_CLASSES)
    assert {concept.ucf101 for concept in CONCEPTS} - {None} == set(UCF_INDEX) <= set(UCF_TO_VGGSOUND)
    assert {concept.vggsound_avel for concept in CONCEPTS} <= set(read_prompts(FOLDER / "vggsound_avel.csv"))
    assert {concept.avsbench_s4 for concept in CONCEPTS} - {None} <= set(read_prompts(FOLDER / "avsbench_s4.csv"))


def test_names_follow_the_class_maps():
    for concept in CONCEPTS:
        if concept.ave and concept.avvp:
            assert AVE_TO_AVVP[concept.ave] == concept.avvp
        if concept.ucf101:
            assert UCF_TO_VGGSOUND[concept.ucf101] == concept.vggsound_avel


def test_ucf_numbers(reference):
    lines = (reference / "annotations/ucf101/classInd.txt").read_text().split("\n")
    official = dict(reversed(line.split()) for line in lines if line.strip())
    assert {name: str(number) for name, number in UCF_INDEX.items()}.items() <= official.items()


def test_avel_names(reference):
    rows = (reference / "annotations/vggsound_avel/vggsound-avel40k.csv").read_text().splitlines()[1:]
    assert {concept.vggsound_avel for concept in CONCEPTS} <= {row.split(",")[0] for row in rows}


@pytest.mark.parametrize("field", [field.name for field in fields(Concept)])
def test_nothing_stands_twice(field):
    values = [getattr(concept, field) for concept in CONCEPTS if getattr(concept, field) is not None]
    assert len(values) == len(set(values))


@pytest.mark.parametrize("classes", range(2, 17))
def test_every_prefix_gives_two_classes(classes):
    spec = replace(CorpusSpec(), classes=classes)
    assert all(len(labels(dataset, spec)) >= 2 for dataset in DATASETS)
    assert len(labels("vggsound_avel", spec)) == classes
