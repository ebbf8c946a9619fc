"""A queue of vectors."""

import torch

from cmg.methods.codis.queue import Queue


def test_holds_the_latest_vectors_whatever_arrives_at_once():
    queue, everything = Queue(5, 1), []
    for size in (2, 3, 1, 7, 4):
        x = torch.arange(len(everything), len(everything) + size, dtype=torch.float32).unsqueeze(1)
        everything += x.flatten().tolist()
        queue.push(x)
        assert sorted(queue.held().flatten().tolist()) == everything[-5:]


def test_a_queue_of_length_zero_holds_nothing():
    queue = Queue(0, 3)
    queue.push(torch.ones(2, 3))
    assert queue.held().shape == (0, 3)


def test_state_goes_on_where_it_was():
    one, two = Queue(4, 2), Queue(4, 2)
    one.push(torch.randn(3, 2))
    two.load_state_dict(one.state_dict())
    x = torch.randn(3, 2)
    one.push(x)
    two.push(x)
    assert torch.equal(one.held(), two.held())
