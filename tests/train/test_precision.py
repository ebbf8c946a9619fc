"""Precisions of training: what is set while a step multiplies, and devices that lack one."""

from typing import get_args

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cmg.methods import build
from cmg.train import precision
from cmg.train.loop import TrainOptions, make_optimisers, train_step
from cmg.train.profile import random_features
from pipeline.params import Pretrain
from tests.methods.conftest import SMALL

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


def test_params_yaml_offers_every_precision():
    offered = get_args(Pretrain.model_fields["precision"].annotation)
    assert offered == get_args(precision.Precision) == tuple(precision.DTYPES)


@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (9, 0)])
def test_tf32_needs_a_gpu_that_has_it(monkeypatch, capability):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    with pytest.raises(precision.UnsupportedPrecision, match="compute capability 8.0, found cpu"):
        precision.ready(torch.nn.Linear(2, 2), "tf32")
    if capability < (8, 0):
        with pytest.raises(precision.UnsupportedPrecision, match="found cuda:0"):
            precision.check("tf32", CUDA)
    else:
        assert precision.check("tf32", CUDA) is None
    assert precision.check("bfloat16", CPU) is None


@pytest.mark.parametrize("before", ["tf32", "ieee", "none"])
@pytest.mark.parametrize("name", precision.DTYPES)
def test_a_step_convolves_in_its_precision_and_leaves_the_settings_as_they_were(
    tiny, paired, monkeypatch, float32_products, name, before
):
    for products in float32_products:
        products.fp32_precision = before
    seen, options = [], TrainOptions(epochs=1, batch_size=3, precision=name)
    tiny.to(precision.DTYPES[name])
    loss = tiny.loss

    def watched(*given):
        seen.append([products.fp32_precision for products in float32_products])
        return loss(*given)

    monkeypatch.setattr(tiny, "loss", watched)
    batch = paired.place(paired.fetch(np.arange(options.batch_size)))
    terms = train_step(tiny, batch, options, make_optimisers(tiny, options), 0, len(paired))
    assert seen == [["tf32" if name == "tf32" else "ieee", before, before]] and torch.isfinite(terms.total)
    assert [products.fp32_precision for products in float32_products] == [before] * 3


def test_the_setting_comes_back_after_an_error():
    products = torch.backends.cuda.matmul
    before = products.fp32_precision
    with pytest.raises(RuntimeError, match="within"), precision.multiplying("tf32", products):
        assert products.fp32_precision == "tf32"
        raise RuntimeError("within")
    assert products.fp32_precision == before


class Products(TorchDispatchMode):
    """Types of the matrix products within it."""

    def __init__(self):
        super().__init__()
        self.types = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        if operation in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            self.types.append(result.dtype)
        return result


def test_with_bfloat16_the_variational_nets_are_fitted_in_float32_backward_too():
    method, seen = build("fcid", SMALL), {}
    precision.ready(method, "bfloat16")
    options = TrainOptions(epochs=1, batch_size=2, precision="bfloat16")

    def phase(name):
        return seen.setdefault(name, Products())

    train_step(
        method, random_features(2, CPU).batch(np.arange(2)), options, make_optimisers(method, options), 0, 2, phase
    )
    nets = 4 * 2  # mean and log-variance of four pairs of features
    # four layers each, multiplied once forward; backward by weight and, but for the first layer, by input
    assert seen["variational"].types == [torch.float32] * (method.inner_steps * nets * (4 + 4 + 3))
    assert torch.bfloat16 in seen["backward"].types
