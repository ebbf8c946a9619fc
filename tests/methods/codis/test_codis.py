"""CODIS: teacher, queue, prototypes, and which loss reaches what."""

import pytest
import torch
from torch.nn import functional as F

from cmg.methods import build


def loss(options, batch, steps=1):
    torch.manual_seed(0)
    method = build("codis", {**options, "dropout": 0.0}).train()
    for _ in range(steps):
        terms = method.loss(
            batch, method.draw(torch.Generator().manual_seed(0), 4, 5), lambda closure: pytest.fail("nothing to fit")
        )
    return method, terms


def test_terms_and_switches(small, batch):
    _, terms = loss(small, batch)
    assert list(terms.terms) == ["cross", "intra", "transport", "distil"]
    _, few = loss({**small, "losses": {"cross": False, "transport": False, "distil": False}}, batch)
    assert list(few.terms) == ["intra"]


def test_teacher_is_the_moving_average_of_the_student_and_gets_no_gradient(small, batch):
    method, terms = loss({**small, "momentum": 0.9}, batch)
    terms.total.backward()
    assert all(p.grad is None for p in method.teacher.parameters())
    before = [p.clone() for p in method.teacher.parameters()]
    with torch.no_grad():
        for p in method.encoder.parameters():
            p.add_(1.0)
    method.loss(batch, method.draw(torch.Generator().manual_seed(0), 4, 5), None)
    for old, new, student in zip(before, method.teacher.parameters(), method.encoder.parameters(), strict=True):
        torch.testing.assert_close(new, 0.9 * old + 0.1 * student)


def test_teacher_does_not_drop_out_and_does_not_move_in_evaluation(small, batch):
    method = build("codis", small).train()
    assert method.encoder.training and not any(m.training for m in method.teacher.modules())
    before = [p.clone() for p in method.teacher.parameters()]
    method.eval().loss(batch, method.draw(torch.Generator().manual_seed(0), 4, 5), None)
    assert all(torch.equal(a, b) for a, b in zip(before, method.teacher.parameters(), strict=True))
    assert all(not int(queue.pushed) for queue in method.queues.values())


def test_transport_moves_prototypes_alone_and_distillation_both(small, batch):
    for only, reaches_encoder in (("transport", False), ("distil", True)):
        switches = {name: name == only for name in ("cross", "intra", "transport", "distil")}
        method, terms = loss({**small, "losses": switches}, batch)
        terms.total.backward()
        assert method.prototypes.grad.abs().sum() > 0
        assert any(p.grad is not None and p.grad.any() for p in method.encoder.parameters()) == reaches_encoder


@pytest.mark.parametrize(("assign", "rows"), [("clip", 4), ("second", 20)])
def test_every_row_of_a_plan_is_a_distribution(small, batch, assign, rows):
    method, _ = loss({**small, "assign": assign}, batch)
    z = method._rows(method._encode(method.teacher, batch)["audio"])
    plan = method._plan(z)
    assert plan.shape == (rows, 12)
    torch.testing.assert_close(plan.sum(dim=1), torch.ones(rows), rtol=2e-2, atol=0)
    torch.testing.assert_close(plan.sum(dim=0), torch.full((12,), rows / 12), rtol=1e-4, atol=0)


def test_earlier_teacher_features_are_further_negatives(small, batch):
    method, terms = loss({**small, "queue": 8, "momentum": 0.999999}, batch, steps=2)
    alone, first = loss({**small, "queue": 0}, batch)
    assert [int(queue.pushed) for queue in method.queues.values()] == [8, 8, 8]
    # the batch's own features stand in the queue, so the best share is a half
    assert terms.terms["intra"] > first.terms["intra"]
    assert not alone.queues["audio"].vectors.numel()


def test_prototypes_start_on_the_first_batch_when_asked(small, batch):
    method, _ = loss({**small, "start": "batch"}, batch)
    rows = torch.cat([method._rows(x) for x in method._encode(method.teacher, batch).values()])
    distance = torch.cdist(method.codebooks()[0], rows).amin(dim=1)
    assert method.started and distance.max() < 1e-2


def test_encode_takes_the_prototype_of_least_angle(small, batch):
    method, _ = loss(small, batch)
    method.eval()
    z = F.normalize(method.encoder.encode("audio", batch.audio), dim=-1)
    expected = (z @ F.normalize(method.prototypes, dim=-1).T).argmax(dim=-1)
    assert torch.equal(method.encode("audio", batch.audio).indices[..., 0], expected)
    torch.testing.assert_close(method.codebooks()[0].norm(dim=-1), torch.ones(12))
