"""Methods by name, and the contract they share."""

import pytest
import torch

from cmg.methods import METHODS, build, config_class, method_class
from cmg.methods.base import Method
from cmg.methods.types import Codes, LossTerms


@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_the_contract(name, small, batch):
    torch.manual_seed(0)
    method = build(name, small)
    assert isinstance(method, Method) and type(method.config) is config_class(name)
    draws = method.draw(torch.Generator().manual_seed(0), batch.size, batch.seconds)
    terms = method.loss(batch, draws, lambda closure: closure().backward())
    assert isinstance(terms, LossTerms)
    terms.total.backward()
    assert all(torch.isfinite(p.grad).all() for p in method.parameters() if p.grad is not None)
    grouped = {id(p) for ps in method.clip_groups().values() for p in ps}
    assert grouped == {id(p) for p in method.parameters() if p.requires_grad}
    method.eval().finish([batch])
    codes, books = method.encode("audio", batch.audio), method.codebooks()
    assert codes.indices.shape == (4, 5, len(books)) if books else codes.vectors.shape == (4, 5, 8)
    clips = method.encode("text", batch.text, batch.text_mask, level="clip")
    assert clips.indices.shape == (4, 1, len(books)) if books else clips.vectors.shape == (4, 1, 8)
    assert all(book.ndim == 2 and torch.isfinite(book).all() for book in books)
    assert not books or sum(map(len, books)) == 12


def test_unknown_name_says_the_nearest():
    with pytest.raises(KeyError, match="did you mean 'fcid'"):
        method_class("fcidd")


def test_codes_are_indices_or_vectors():
    with pytest.raises(ValueError, match="exactly one"):
        Codes()
