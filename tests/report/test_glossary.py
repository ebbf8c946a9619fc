"""Every method, dataset, loss term and watched quantity has its line on the page."""

import pytest
import torch

from cmg.methods import METHODS, build, config_class
from cmg.methods.types import Batch
from cmg.registry import DATASET_TEXTS, DATASETS, METHOD_TEXTS
from cmg.report import glossary
from cmg.report.history import AXES

SMALL = {
    "codebook_size": 12,
    "embedding_dim": 8,
    "specific_channels": 4,
    "decoder_channels": 8,
    "heads": 2,
    "feedforward": 16,
}
UNUSUAL = {"fcid": {"losses": {"cmcm": True}}}  # terms that the default leaves out


def batch() -> Batch:
    draw = torch.Generator().manual_seed(1)
    words = torch.randn(4, 5, 768, generator=draw)
    return Batch(
        torch.rand(4, 5, 128, generator=draw),
        torch.rand(4, 5, 7, 7, 512, generator=draw),
        words,
        torch.ones(4, 5, dtype=torch.bool),
    )


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("variant", ["paper", "release"])
def test_every_term_and_monitor_of_a_method_is_explained(name, variant):
    config = {**SMALL, **UNUSUAL.get(name, {})}
    if "variant" in config_class(name).model_fields:
        config["variant"] = variant
    method = build(name, config)
    found = method.loss(
        batch(), method.draw(torch.Generator().manual_seed(0), 4, 5), lambda closure: closure().backward()
    )
    assert found.terms
    assert [
        term for term in found.terms if not glossary.gloss(term) or glossary.gloss(term).startswith("Watched")
    ] == []
    assert [term for term in found.monitors if not glossary.gloss(term).startswith("Watched, not trained on: ")] == []


def test_every_method_and_dataset_has_a_line():
    assert METHOD_TEXTS.keys() == METHODS.keys() and DATASET_TEXTS.keys() == DATASETS.keys()
    assert all(text.label and text.title and text.gloss for text in METHOD_TEXTS.values())
    assert all(label and what for label, what in DATASET_TEXTS.values())


def test_a_name_is_explained_by_its_longest_stem_and_an_unknown_one_is_not():
    assert glossary.gloss("fcmi_fine") == glossary.TERMS["fcmi_fine"] != glossary.gloss("fine")
    assert glossary.gloss("recon_audio") == glossary.gloss("recon_video") == glossary.TERMS["recon"]
    assert "codebook" in glossary.gloss("usage.audio") and glossary.gloss("usage/audio") == glossary.gloss("usage_text")
    assert glossary.gloss("reconsider") == glossary.gloss(AXES[0]) == ""


def test_localisation_is_read_as_the_protocol_scores_it():
    strict, published = (dict(glossary.reading([protocol]))["AVVP, AVE→AVVP"] for protocol in ("strict", "published"))
    assert "segment-level F" in strict and "background" not in strict
    assert "F1" in published and "background column included" in published and "segment-level" not in published
    both = dict(glossary.reading(["published", "strict"]))["AVVP, AVE→AVVP"]
    assert "strict: segment-level F" in both and "published: F1" in both
