"""Losses and quantizers used alone: a wrong argument is named, never silently taken for another."""

from itertools import product
from typing import get_args

import pytest
import torch

from cmg.losses.club import CLUB, Estimate, Features, club_bound
from cmg.losses.code_matching import code_matching, code_usage
from cmg.losses.commitment import commitment
from cmg.losses.cpc import Candidates, cpc
from cmg.losses.infonce import Similarity, infonce, infonce_by_second, infonce_within
from cmg.methods.codaar.aligned import AlignedEMA
from cmg.methods.codaar.spatial import SpatialStack
from cmg.methods.turn.product import ProductVQ
from cmg.nn.attention import ChannelSpatialAttention
from cmg.nn.checks import check_option
from cmg.nn.specific import ResidualBlock
from cmg.quantizers.joint import JointEMA
from cmg.quantizers.sequential import SequentialEMA

NET = CLUB(4, 3)
X, Y = torch.randn(5, 2, 4), torch.randn(5, 2, 3)
STREAMS = ("audio", "video")
OPTIONS = {  # what is built or computed with an option, and the known values of it
    "estimate": (lambda value: club_bound(value, NET, X, Y, torch.randperm(5)), get_args(Estimate)),
    "features": (lambda value: club_bound("all_pairs", NET, X, Y, features=value), get_args(Features)),
    "similarity": (lambda value: infonce(X[:, 0], X[:, 1], 0.1, similarity=value), get_args(Similarity)),
    "candidates": (lambda value: cpc(X, X, value), get_args(Candidates)),
    **{
        f"{kind.__name__} {name}": (lambda value, kind=kind, name=name: kind(8, 4, STREAMS, **{name: value}), known)
        for kind, (name, known) in product(
            (JointEMA, SequentialEMA),
            {
                "mixing": ("aligned", "attention"),
                "kept_by": ("any", "all"),
                "places": ("vectors", "means"),
                "start": ("batch", "uniform"),
                "reset": ("batch", "copy"),
            }.items(),
        )
    },
    "cascade": (lambda value: AlignedEMA(8, 4, STREAMS, cascade=value), ("afresh", "accumulated", "off")),
    "aligned start": (lambda value: AlignedEMA(8, 4, STREAMS, start=value), ("batch", "uniform")),
    "aligned reset": (lambda value: AlignedEMA(8, 4, STREAMS, reset=value), ("batch", "copy")),
    "product start": (lambda value: ProductVQ(8, 4, 2, STREAMS, value), ("means", "vectors", "uniform")),
    "spatial": (lambda value: ChannelSpatialAttention(spatial=value), ("softmax", "inert")),
    "norm": (lambda value: SpatialStack(width=4, norm=value), ("none", "batch")),
    "skip": (lambda value: ResidualBlock(4, value), ("input", "relu")),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_misspelt_option_is_named_with_the_nearest_known_one(name):
    make, known = OPTIONS[name]
    for value in known:
        make(value)
        with pytest.raises(ValueError, match=f"did you mean '{value}'"):
            make(f"{value}s")
    with pytest.raises(ValueError, match="expected one of"):
        make("")


def test_options_are_strings_of_the_literal_alone():
    for value in (None, 1, ("all_pairs",), "ALL_PAIRS"):
        with pytest.raises(ValueError, match="club estimate"):
            check_option("club estimate", value, Estimate)


@pytest.mark.parametrize("loss", [infonce, infonce_by_second, infonce_within], ids=lambda loss: loss.__name__)
def test_unpaired_features_are_named_with_their_shapes(loss):
    axes = 2 if loss is infonce else 3
    query = torch.randn(*(4, 3, 2)[-axes:])
    loss(query, query.clone(), 0.1)
    for key in (query[:-1], query[..., :-1], query.unsqueeze(0), query[0]):
        with pytest.raises(ValueError, match=rf"{loss.__name__}.*key \[{', '.join(map(str, key.shape))}\]"):
            loss(query, key, 0.1)


def test_other_losses_name_shapes_too():
    with pytest.raises(ValueError, match=r"club.*x \[5, 2\], y \[4, 2\]"):
        club_bound("all_pairs", NET, X, Y[:4])
    with pytest.raises(ValueError, match="needs a permutation"):
        club_bound("sampled", NET, X, Y)
    with pytest.raises(ValueError, match="CLUB permutation: expected 5 rows, found 4"):
        club_bound("sampled", NET, X, Y, torch.arange(4))
    with pytest.raises(ValueError, match="cpc: expected .R,B,D."):
        cpc(X, X[:, :1])
    with pytest.raises(ValueError, match=r"commitment.*other 1 \[5, 1, 4\]"):
        commitment(X, X, (X[:, :1],), 1.0, 0.5)
    with pytest.raises(ValueError, match="code usage"):
        code_usage(X, torch.randn(8, 3))
    with pytest.raises(ValueError, match="code matching"):
        code_matching(torch.rand(4, 8), torch.rand(4, 7))


@pytest.mark.parametrize("make", [JointEMA, SequentialEMA, AlignedEMA, lambda k, d, s: ProductVQ(k, d, 2, s)])
def test_a_codebook_names_missing_streams_and_other_widths(make):
    book, uniform = make(8, 4, STREAMS).eval(), torch.rand(8)
    extra = () if isinstance(book, ProductVQ) else (uniform,)
    book({name: X for name in STREAMS}, *extra)
    with pytest.raises(ValueError, match="no video among audio"):
        book({"audio": X}, *extra)
    if not isinstance(book, ProductVQ):  # whose chunks are cut from whatever width there is
        with pytest.raises(ValueError, match=r"found \[5, 2, 3\]"):
            book({name: X[..., :3] for name in STREAMS}, *extra)
