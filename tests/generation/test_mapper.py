import numpy as np
import pytest
import torch

from cmg.generation.components import fit_components
from cmg.generation.generator import GeneratorError
from cmg.generation.mapper import Examples, Schedule, fit, mean_embeddings, unseen

CPU = torch.device("cpu")
GENERATOR = fit_components(np.random.default_rng(1).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8), 32)


@pytest.fixture
def examples(draw):
    codes = draw.normal(size=(4, 6)).astype(np.float32)
    which = draw.integers(4, size=60)
    embeddings = draw.normal(size=(60, 5)).astype(np.float32)
    return Examples(codes[which], embeddings, draw.integers(0, 256, (60, 32, 32, 3), dtype=np.uint8))


def test_tends_to_the_mean_embedding_of_each_code(examples):
    mapper = fit(examples, GENERATOR, Schedule(300, 1000, 3e-3, 64, weight_decay=0), CPU)
    codes = np.unique(examples.codes, axis=0)
    wanted = mean_embeddings(examples, codes)
    assert np.abs(mapper.embed(codes) - wanted).mean() < 0.2 * np.abs(wanted - examples.embeddings.mean(0)).mean()


def test_equal_codes_give_equal_bits_whatever_stands_beside_them(examples, draw):
    mapper = fit(examples, GENERATOR, Schedule(3, 8, 1e-3, 64), CPU)
    many = draw.normal(size=(20, 6)).astype(np.float32)
    found = mapper.embed(np.concatenate([examples.codes[:1], many, examples.codes[:1]]))
    assert (found[0] == found[-1]).all() and (found[0] == mapper.embed(examples.codes[:1])[0]).all()


def test_same_bits_after_an_interruption(examples, tmp_path, monkeypatch):
    whole = fit(examples, GENERATOR, Schedule(12, 8, 1e-3, 16), CPU)
    # saved after every step
    monkeypatch.setattr("cmg.generation.mapper.time.monotonic", iter(range(0, 10**6, 100)).__next__)

    def stop(done, steps):
        if done == 7:
            raise KeyboardInterrupt

    work = tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        fit(examples, GENERATOR, Schedule(12, 8, 1e-3, 16), CPU, work, "key", stop)
    done = []
    again = fit(examples, GENERATOR, Schedule(12, 8, 1e-3, 16), CPU, work, "key", lambda step, steps: done.append(step))
    assert done == list(range(8, 13))
    assert all(
        torch.equal(one, other)
        for one, other in zip(whole.state_dict().values(), again.state_dict().values(), strict=True)
    )
    other_inputs = []
    fit(
        examples,
        GENERATOR,
        Schedule(12, 8, 1e-3, 16),
        CPU,
        work,
        "another",
        lambda step, steps: other_inputs.append(step),
    )
    assert other_inputs == list(range(1, 13))


def test_mean_embeddings_by_hand():
    codes = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    examples = Examples(codes, np.array([[2.0], [4.0], [9.0]], np.float32), np.zeros((3, 8, 8, 3), np.uint8))
    asked = np.array([[1, 0], [0, 1], [5, 5]], np.float32)
    assert mean_embeddings(examples, asked).tolist() == [[3.0], [9.0], [5.0]]
    assert unseen(examples, asked) == 1


def test_what_cannot_be_trained(examples):
    with pytest.raises(ValueError, match="no image of the train split"):
        fit(
            Examples(examples.codes[:0], examples.embeddings[:0], examples.pictures[:0]),
            GENERATOR,
            Schedule(1, 2, 1e-3),
            CPU,
        )
    with pytest.raises(GeneratorError, match="diffusion model"):
        fit(examples, GENERATOR, Schedule(1, 2, 1e-3, target="diffusion"), CPU)
