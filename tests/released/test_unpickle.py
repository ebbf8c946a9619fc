"""Array pickles of NumPy 1 and 2 in every protocol are read; nothing else is, and nothing in them runs."""

import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.released.unpickle import RefusedPickle, load_array


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "<i8", ">f4", "uint8", "bool"])
def test_arrays_come_back(protocol, dtype):
    array = (np.arange(24).reshape(2, 3, 4) % 7).astype(dtype)
    for value in (array, np.asfortranarray(array), array[:, ::2], array[:0]):
        found = load_array(pickle.dumps(value, protocol))
        np.testing.assert_array_equal(found, value)
        assert found.dtype == value.dtype.newbyteorder("=")


@pytest.mark.parametrize("protocol", range(6))
def test_names_of_numpy_1_are_understood(protocol):
    array = np.linspace(0, 1, 12, dtype="f4").reshape(3, 4)
    data = pickle.dumps(array, protocol)
    assert b"numpy._core" in data
    if protocol < 4:
        data = data.replace(b"numpy._core", b"numpy.core")
    else:  # names are counted strings inside a counted frame
        name = b"numpy._core.numeric" if b"numpy._core.numeric" in data else b"numpy._core.multiarray"
        old = name.replace(b"_core", b"core")
        data = data.replace(bytes([len(name)]) + name, bytes([len(old)]) + old)
        (frame,) = struct.unpack("<Q", data[3:11])
        data = data[:3] + struct.pack("<Q", frame - 1) + data[11:]
    assert b"_core" not in data
    np.testing.assert_array_equal(load_array(data), array)


class _Runs:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_hostile_calls_are_refused_and_do_not_run(tmp_path, protocol):
    mark = tmp_path / "ran"
    for hostile in (
        _Runs(os.system, f"touch {mark}"),
        _Runs(eval, f"open({str(mark)!r}, 'w')"),
        _Runs(os.mkdir, str(mark)),
    ):
        for value in (hostile, [hostile], {"a": hostile}, (hostile, np.zeros(2))):
            with pytest.raises(RefusedPickle):
                load_array(pickle.dumps(value, protocol))
    assert not mark.exists()
    pickle.loads(pickle.dumps(_Runs(os.mkdir, str(mark)), protocol))
    assert mark.exists()  # the same bytes do run in a plain unpickler


@pytest.mark.parametrize(
    "value",
    [
        np.array([{}, 1], object),
        np.zeros(2, [("a", "f4")]),
        np.array(["text"]),
        np.float32(1),
        [1, 2],
        {},
        None,
        "x",
        OrderedDict(a=1),
        np.zeros(2, "M8[s]"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_anything_but_one_numeric_array_is_refused(value, protocol):
    with pytest.raises(RefusedPickle):
        load_array(pickle.dumps(value, protocol))


GLOBAL = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"\x80\x04.",
        b"cos\nsystem\n(S'true'\ntR.",
        b"cnumpy\nndarray\n(I1000000000000\ntR.",
        b"\x80\x02r\xff\xff\xff\x7f.",
        b"\x80\x04N" + b"r\xff\xff\xff\x7f" + b".",
        b"\x80\x04B\xff\xff\xff\x7fabc.",
        b"\x80\x05\x8e" + b"\xff" * 7 + b"\x7f.",
        b"N" * 100_000 + b".",
        GLOBAL + b"(I1000000000000\nttR.",
        GLOBAL + b"(NtR(I1\n(I1000000000000\ntNI00\nNtb.",
        b"cnumpy\ndtype\n(X\x02\x00\x00\x00f4I00\nI01\ntR.",
    ],
    ids=range(13),
)
def test_broken_and_exhausting_pickles_are_refused(data):
    with pytest.raises(RefusedPickle):
        load_array(data)


@given(st.data())
def test_mutated_pickles_give_an_array_or_a_refusal(data):
    valid = bytearray(pickle.dumps(np.arange(6, dtype="f4").reshape(2, 3), data.draw(st.sampled_from([2, 4, 5]))))
    for _ in range(data.draw(st.integers(1, 4))):
        valid[data.draw(st.integers(0, len(valid) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(load_array(bytes(valid)), np.ndarray)
    except RefusedPickle:
        pass
