"""Profiles of a step: phases, counted operations, the share of the peak."""

from types import SimpleNamespace

import numpy as np
import torch
from torch.autograd import DeviceType

from cmg.methods import build
from cmg.train.profile import PHASES, Profile, _spent, peak, profile_step, random_features

CPU = torch.device("cpu")
SMALL = {
    "codebook_size": 8,
    "embedding_dim": 8,
    "specific_channels": 2,
    "decoder_channels": 2,
    "heads": 2,
    "feedforward": 8,
}


def test_phases_make_up_the_step_and_products_are_counted():
    found = profile_step(build("fcid", SMALL), 2, CPU, "float32", steps=1, longest=4)
    assert set(found.phases) == set(PHASES) and all(seconds > 0 for seconds in found.phases.values())
    assert found.phases["variational"] < found.phases["forward"]
    assert len(found.operations) == 4 and list(found.operations.values()) == sorted(
        found.operations.values(), reverse=True
    )
    # the 3x3 convolution 7x7 -> 5x5 of 20 frames alone, forward: 2 * 20 * 25 * 9 * 512 * 1
    assert found.flops > 2 * 20 * 25 * 9 * 512 and found.memory == 0


def test_the_share_is_work_over_time_over_peak():
    assert Profile(2.0, {}, {}, 1e9, 1e9, 0).share == 0.5


def test_the_peak_is_that_of_a_real_product():
    assert 1e8 < peak(CPU, "float32", rounds=1) < 1e15


def test_named_ranges_are_not_counted_beside_the_kernels_within_them():
    def event(key, device, annotation):
        return SimpleNamespace(
            key=key,
            device_type=device,
            is_user_annotation=annotation,
            self_device_time_total=2e6,
            self_cpu_time_total=3e6,
        )

    gpu = [event("gemm", DeviceType.CUDA, False), event("Optimizer.step#Adam.step", DeviceType.CUDA, True)]
    recorded = SimpleNamespace(key_averages=lambda: [*gpu, event("aten::mm", DeviceType.CPU, False)])
    assert _spent(recorded, cuda=True) == {"gemm": 2.0} and _spent(recorded, cuda=False) == {"aten::mm": 3.0}


def test_random_features_are_of_the_stored_types_and_batches_of_float32():
    data = random_features(4, CPU)
    assert {name: table.dtype for name, table in data.tables.items() if name in ("audio", "video")} == {
        "audio": torch.float32,
        "video": torch.float16,
    }
    batch = data.batch(np.array([3, 1]))
    assert batch.video.shape == (2, 10, 7, 7, 512) and batch.video.dtype == torch.float32 and batch.video.min() == 0
    assert torch.equal(batch.video[1], data.tables["video"][1].float()) and batch.text_lengths.tolist() == [10, 10]
