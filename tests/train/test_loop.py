"""The training loop: determinism, resume, stop, precision, divergence."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from cmg.methods.types import LossTerms
from cmg.train.divergence import Diverged
from cmg.train.loop import TrainOptions, steps_per_epoch, train
from tests.train.conftest import Killed, TinyMethod, kill_at

OPTIONS = TrainOptions(epochs=4, batch_size=3, learning_rate=1e-2, seed=5, save_every=3, save_seconds=0)


def fresh():
    torch.manual_seed(0)
    return TinyMethod()


def test_training_lowers_the_loss_and_finishes(tiny, paired, tmp_path):
    done = train(tiny, paired, OPTIONS, tmp_path / "w.pt", "k")
    recon = [row[done.columns.index("recon")] for row in done.history]
    assert done.step == len(done.history) == 8 and recon[-1] < recon[0]
    assert done.columns == ["step", "epoch", "recon", "pair", "total", "seen"]
    assert tiny.finished == 7 and not tiny.training


@pytest.mark.parametrize("killed_at", [2, 3, 4, 7])
def test_a_killed_run_ends_in_the_same_bits(paired, tmp_path, killed_at):
    whole, interrupted = fresh(), fresh()
    expected = train(whole, paired, OPTIONS, tmp_path / "a.pt", "k")
    with pytest.raises(Killed):
        train(interrupted, paired, OPTIONS, tmp_path / "b.pt", "k", kill_at(killed_at))
    again, steps = fresh(), []
    done = train(again, paired, OPTIONS, tmp_path / "b.pt", "k", lambda step, total, row: steps.append(step))
    assert steps[0] == killed_at // 3 * 3 + 1
    assert done.history == expected.history
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_work_of_other_inputs_is_not_continued(paired, tmp_path):
    with pytest.raises(Killed):
        train(fresh(), paired, OPTIONS, tmp_path / "w.pt", "old", kill_at(4))
    steps = []
    train(fresh(), paired, OPTIONS, tmp_path / "w.pt", "new", lambda step, total, row: steps.append(step))
    assert steps[0] == 1


def test_a_loss_that_is_not_finite_stops_the_run_and_is_named_and_the_history_is_left(tiny, paired, tmp_path):
    with torch.no_grad():
        tiny.encoder[0].weight.fill_(float("nan"))
    with pytest.raises(Diverged, match="step 1: loss recon, pair is not finite.*w.csv; no state was saved before"):
        train(tiny, paired, OPTIONS, tmp_path / "w.pt", "k")
    assert [row.split(",")[:3] for row in (tmp_path / "w.csv").read_text().split()] == [
        ["step", "epoch", "recon"],
        ["1", "1", "nan"],
    ]


@pytest.mark.parametrize("step", [6, 8])
def test_a_finite_loss_with_a_gradient_that_is_not_leaves_the_last_good_state(
    tiny, paired, tmp_path, monkeypatch, step
):
    loss, steps = tiny.loss, []

    def rooted(batch, draws, fit):
        terms = loss(batch, draws, fit)
        steps.append(1)
        zero = (tiny.encoder[0].weight * 0).sum().abs()
        return LossTerms({**terms.terms, "root": zero.sqrt() if len(steps) == step else zero}, terms.monitors)

    monkeypatch.setattr(tiny, "loss", rooted)
    with pytest.raises(
        Diverged, match=f"step {step}: not finite after it: encoder.0.weight.*w.csv; last saved under this name: .*w.pt"
    ):
        train(tiny, paired, OPTIONS, tmp_path / "w.pt", "k")
    saved = torch.load(tmp_path / "w.pt", weights_only=True)
    assert saved["progress"]["step"] == (step - 1) // 3 * 3
    assert all(x.isfinite().all() for x in saved["method"].values())
    assert len((tmp_path / "w.csv").read_text().split()) == 1 + step


def test_a_loss_that_grows_beyond_measure_stops_the_run(tiny, paired, tmp_path, monkeypatch):
    loss = tiny.loss

    def grown(batch, draws, fit):
        terms = loss(batch, draws, fit)
        return LossTerms({**terms.terms, "pair": terms.terms["pair"] + 1e9 * (draws.progress >= 0.9)}, terms.monitors)

    monkeypatch.setattr(tiny, "loss", grown)
    with pytest.raises(Diverged, match="step 19: total loss 1e.09, over 1e.06 times that of the first steps"):
        train(tiny, paired, replace(OPTIONS, epochs=10), tmp_path / "w.pt", "k")


@pytest.mark.parametrize(("clips", "steps"), [(6, 2), (7, 2), (8, 3), (2, 1)])
def test_a_last_batch_of_one_clip_is_left_out(clips, steps):
    assert steps_per_epoch(clips, 3) == steps


def test_a_method_is_told_how_much_of_its_training_is_done(tiny, paired, tmp_path, monkeypatch):
    told, loss = [], tiny.loss
    monkeypatch.setattr(
        tiny, "loss", lambda batch, draws, fit: (told.append(draws.progress), loss(batch, draws, fit))[1]
    )
    train(tiny, paired, OPTIONS, tmp_path / "w.pt", "k")
    assert told == [step / 8 for step in range(8)]


def test_sigterm_finishes_the_step_saves_and_ends(paired, tmp_path):
    whole, stopped, steps = fresh(), fresh(), []
    expected = train(whole, paired, OPTIONS, tmp_path / "a.pt", "k")

    def terminate(done, total, row):
        if done == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        train(stopped, paired, OPTIONS, tmp_path / "b.pt", "k", terminate)
    assert ended.value.code == 143 and signal.getsignal(signal.SIGTERM) is before
    again = fresh()
    done = train(again, paired, OPTIONS, tmp_path / "b.pt", "k", lambda step, total, row: steps.append(step))
    assert steps[0] == 7 and done.history == expected.history
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in whole.state_dict().items())


@pytest.mark.parametrize(("precision", "near"), [("bfloat16", 0.1), ("float64", 1e-4)])
def test_another_precision_gives_nearly_the_same(paired, tmp_path, precision, near):
    whole, other = fresh(), fresh()
    expected = train(whole, paired, OPTIONS, tmp_path / "a.pt", "k")
    done = train(other, paired, replace(OPTIONS, precision=precision), tmp_path / "b.pt", "k")
    assert done.history != expected.history
    torch.testing.assert_close(torch.tensor(done.history), torch.tensor(expected.history), rtol=near, atol=near)
    assert all(tensor.dtype == torch.float32 for tensor in other.state_dict().values())


def test_terms_that_come_and_go_are_refused(tiny, paired, tmp_path, monkeypatch):
    loss = tiny.loss

    def changing(batch, draws, fit):
        terms = loss(batch, draws, fit)
        return terms if draws.progress else LossTerms({"recon": terms.terms["recon"]})

    monkeypatch.setattr(tiny, "loss", changing)
    with pytest.raises(ValueError, match="same terms and monitors in every step"):
        train(tiny, paired, OPTIONS, tmp_path / "w.pt", "k")
