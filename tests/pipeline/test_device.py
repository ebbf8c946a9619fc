"""Which device a stage gets, and how many decoding processes, on machines with and without a GPU."""

import os

import pytest
import torch

from pipeline import device, params
from tests.parameters import shipped


@pytest.fixture
def gpus(monkeypatch):
    def present(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return present


def test_auto_takes_the_gpu_and_every_process_its_own(gpus, monkeypatch):
    gpus(2)
    assert device.choose(shipped()) == torch.device("cuda", 0)
    assert device.choose(shipped(device="cpu")) == torch.device("cpu")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert device.choose(shipped()) == torch.device("cuda", 1)
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(params.ParameterError, match="number 3 has no GPU"):
        device.choose(shipped())


def test_a_gpu_that_torch_cannot_use_is_said_and_not_passed_over(gpus, monkeypatch, tmp_path):
    gpus(0)
    monkeypatch.setattr(device, "NVIDIA", tmp_path)
    with pytest.raises(params.ParameterError, match="device: cpu"):
        device.choose(shipped())
    assert device.choose(shipped(device="cpu")) == torch.device("cpu")
    monkeypatch.setattr(device, "NVIDIA", tmp_path / "absent")
    assert device.choose(shipped()) == torch.device("cpu")
    with pytest.raises(params.ParameterError, match="sees no GPU"):
        device.choose(shipped(device="cuda"))


def test_float32_is_float32_and_the_same_run_gives_the_same_bytes(monkeypatch, float32_products):
    for products in float32_products:
        products.fp32_precision = "tf32"
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    before, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    try:
        assert device.prepare(shipped(device="cpu", threads=1)) == torch.device("cpu")
        assert torch.are_deterministic_algorithms_enabled() and torch.get_num_threads() == 1
    finally:
        torch.use_deterministic_algorithms(before)
        torch.set_num_threads(threads)
    assert {products.fp32_precision for products in float32_products} == {"ieee"} and not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_on_a_gpu_attention_is_the_kind_that_repeats_itself(gpus, monkeypatch):
    gpus(1)
    monkeypatch.setattr(torch.cuda, "set_device", lambda chosen: None)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda chosen: "some GPU")
    turned = {}
    for kind in ("flash", "mem_efficient", "cudnn", "math"):
        monkeypatch.setattr(
            torch.backends.cuda, f"enable_{kind}_sdp", lambda enabled, kind=kind: turned.update({kind: enabled})
        )
    before, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    try:
        device.prepare(shipped(device="cpu"))
        assert turned == {}
        device.prepare(shipped())
    finally:
        torch.use_deterministic_algorithms(before)
        torch.set_num_threads(threads)
    assert turned == {"flash": False, "mem_efficient": False, "cudnn": False}


def test_decoding_processes(monkeypatch):
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda process: set(range(12)))
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert (device.decoders(shipped(), cpu), device.decoders(shipped(), cuda)) == (1, 12)
    assert device.decoders(shipped(decoders=3), cuda) == 3
