"""No training step waits for the device.

The step runs on tensors of the `meta` device, which have a shape and no values: whatever asks for a value (`.item()`,
`if tensor`, boolean indices, `.cpu()`, `unique`) raises. What is drawn or known on the CPU may be sent there, but not
so that the sender waits.
"""

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cmg.methods import METHODS, build, config_class
from cmg.methods.types import Batch
from cmg.train.loop import TrainOptions, train_step

aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default)
# read lengths on the CPU by contract
WITH_LENGTHS = (aten._pack_padded_sequence.default, aten._pad_packed_sequence.default)
VARIANTS = {name: ("paper", "release") if "variant" in config_class(name).model_fields else (None,) for name in METHODS}
SETTINGS = [(name, {"variant": v} if v else {}) for name in METHODS for v in VARIANTS[name]]
SETTINGS += [
    ("codis", {"start": "batch", "solver": "sinkhorn", "queue": 2}),
    ("simmmdg", {"labels": "sentence"}),
    ("cmcm", {"warm_start": 0.0}),
]


class Sending(TorchDispatchMode):
    """Raises where a tensor of the CPU meets one of the device: copied so that the sender waits, or used, which copies
    it so."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [x for x in tree_leaves([args, kwargs]) if isinstance(x, Tensor)]
        # numbers of the CPU travel with the operation
        devices = {x.device.type for x in tensors if x.ndim or operation in COPIES}
        if operation is aten._to_copy.default and "device" in kwargs:
            devices.add(torch.device(kwargs["device"]).type)
        waits = not (kwargs.get("non_blocking") or (operation is aten.copy_.default and args[2:] == (True,)))
        if len(devices) > 1 and operation not in WITH_LENGTHS and (waits or operation not in COPIES):
            raise AssertionError(f"{operation} waits: between {' and '.join(sorted(devices))}")
        return operation(*args, **kwargs)


@pytest.fixture
def on_meta(monkeypatch):
    """A batch without values; autocast does not know the device."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    shapes, lengths = ((4, 3, 128), (4, 3, 7, 7, 512), (4, 3, 768)), torch.tensor([1, 3, 0, 2])
    return Batch(*(torch.empty(shape) for shape in shapes), torch.arange(3) < lengths[:, None], lengths).to("meta")


@pytest.mark.parametrize(("name", "options"), SETTINGS, ids=str)
def test_no_step_waits_for_the_device(small, on_meta, name, options):
    method = build(name, {**small, "layers": 1, **options}).to("meta")
    method.inner_steps = 1
    parameters = {"main": method.main_parameters(), "variational": method.variational_parameters()}
    # Adam's fused form lacks this device
    optimisers = {name: torch.optim.SGD(each, 1e-3) for name, each in parameters.items() if each}
    with Sending():
        for step in range(2 if "queue" in options else 1):
            terms = train_step(method, on_meta, TrainOptions(epochs=2, batch_size=4), optimisers, step, 12)
    assert terms.total.device.type == "meta" and terms.total.shape == ()


@pytest.mark.parametrize(
    "waiting",
    [
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        lambda x: x if x.any() else -x,
        lambda x: x.cpu(),
        lambda x: x.unique(),
        lambda x: x + torch.zeros(3).to("meta"),
        lambda x: x[torch.tensor([0, 2])],
        lambda x: x.copy_(torch.zeros(3)),
    ],
)
def test_what_waits_is_noticed(waiting):
    x = torch.empty(3, device="meta")
    with Sending():
        assert (x + torch.zeros(3).to("meta", non_blocking=True) * torch.tensor(2.0)).shape == (3,)
        with pytest.raises((AssertionError, RuntimeError, NotImplementedError)):
            waiting(x)
