"""What is said of a run after an epoch: nothing of a healthy one, and each fault by name, with what to try."""

import numpy as np
import pytest

from cmg.train.watch import unhealthy

HEALTHY = {"usage/audio": 0.5, "dead/audio": 200.0, "shared/0": 0.1, "effective_rank": 60.0}
FAULTS = {
    "unused codes": ({"shared/0": 0.96}, {}, "96% of the codes chosen by no modality"),
    "codes that are alike": ({"effective_rank": 6.0}, {}, "span 6.0 directions"),
    "a negative bound": ({}, {"club_video": [0.0] * 10 + [-730.0] * 10}, "club_video is -730 on average"),
    "a loss at chance": ({}, {"infonce": [5.5] * 20}, "infonce is 5.5, where it began"),
    "a loss that leaves its scale": ({}, {"club_audio": [0.01] * 10 + [17.0] * 10}, "club_audio grew from 0.01 to 17"),
}


def history(seed=0, **columns):
    rng = np.random.default_rng(seed)
    steps = np.arange(20)
    usual = {
        "recon_video": 50 - steps + rng.normal(size=20),
        "club_video": rng.normal(0, 0.02, 20),
        "infonce": 5.5 * 0.97**steps,
    }
    given = {"step": steps + 1, "epoch": steps // 10 + 1, **usual, **columns}
    return {**given, "total": 0 * steps, "perplexity_audio": 1 + 20 * steps}


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_said_of_a_healthy_run(seed):
    assert unhealthy(history(seed), HEALTHY) == [] and unhealthy(history(seed), {}) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_once_and_with_what_to_try(fault):
    health, columns, said = FAULTS[fault]
    found = unhealthy(history(**columns), {**HEALTHY, **health})
    assert len(found) == 1 and said in found[0] and "(try " in found[0]


def test_a_small_codebook_is_measured_by_its_size():
    small = {"usage/audio": 0.5, "dead/audio": 6.0, "shared/0": 0.1, "effective_rank": 5.0}
    assert unhealthy(history(), small) == [] and len(unhealthy(history(), {**small, "effective_rank": 0.5})) == 1


def test_a_loss_is_not_at_chance_before_an_epoch_is_over_and_nothing_is_said_of_no_steps():
    first = {name: values[:10] for name, values in history(infonce=[5.5] * 20).items()}
    assert unhealthy(first, HEALTHY) == [] and unhealthy({}, {}) == []
