"""A training step on the device that training would take, the GPU where there is one: it repeats itself, and it is the
CPU's."""

import copy
from dataclasses import replace

import pytest
import torch

from cmg.methods import build
from cmg.train.profile import random_features, stepper
from pipeline.device import settle

CPU = torch.device("cpu")
DEVICE = torch.device("cuda", 0) if torch.cuda.is_available() else CPU
SMALL = {"specific_channels": 8, "decoder_channels": 8, "dropout": 0.0}


@pytest.fixture(autouse=True)
def settled(float32_products):
    before, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    settle(DEVICE, 1)
    yield
    torch.use_deterministic_algorithms(before)
    torch.set_num_threads(threads)


def trained(method, features, device):
    """Loss terms of three steps from the same weights on the same features, and the weights after them."""
    own = copy.deepcopy(method).to(device)
    tables = {name: table if name == "text_lengths" else table.to(device) for name, table in features.tables.items()}
    torch.manual_seed(0)
    step = stepper(own, replace(features, device=device, tables=tables), 4, "float32")
    terms = [{name: float(value.detach()) for name, value in step(number).terms.items()} for number in range(3)]
    return terms, [weights.cpu() for weights in own.state_dict().values()]


@pytest.mark.parametrize("name", ["fcid", "codaar"])
def test_a_step_repeats_itself_and_is_that_of_the_cpu(name):
    torch.manual_seed(0)
    method, features = build(name, SMALL), random_features(8, CPU)
    (first, weights), (again, same) = (trained(method, features, DEVICE) for _ in range(2))
    assert first == again and all(torch.equal(one, other) for one, other in zip(weights, same, strict=True))
    assert trained(method, features, CPU)[0][0] == pytest.approx(first[0], rel=1e-3, abs=1e-4)
