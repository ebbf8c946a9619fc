"""Read one numeric array from a pickle of unknown origin without running anything in it.

Three fences: only the opcodes that NumPy's array pickles use; only NumPy's and codecs' names for arrays and bytes; and
these names resolve to inert stand-ins, so that no state from the file reaches NumPy before it has been checked.
NumPy 1 says ``numpy.core``, NumPy 2 ``numpy._core``; protocols 0 to 5.
"""

import io
import math
import pickle
import pickletools
import re
import warnings
from typing import Any

import numpy as np

MAX_OPCODES = 500
MAX_DIMENSIONS, MAX_SIZE = 8, 2**40
OPCODES = frozenset(
    "PROTO FRAME STOP MARK TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_TUPLE GLOBAL STACK_GLOBAL REDUCE BUILD NONE "
    "NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 SHORT_BINBYTES BINBYTES BINBYTES8 BYTEARRAY8 "
    "UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET".split()
)
_BROKEN = (
    *(pickle.UnpicklingError, ValueError, TypeError, AttributeError, IndexError, KeyError),
    *(EOFError, OverflowError, MemoryError, Warning),
)
_MEMO = ("PUT", "BINPUT", "LONG_BINPUT")


class RefusedPickle(ValueError):
    """A pickle that is something other than one plain numeric array."""


class _Dtype:
    """Stand-in for ``numpy.dtype``: keeps the code and the byte order."""

    def __init__(self, code: object = None, align: object = False, copy: object = True):
        self.code = code
        self.order: Any = "|"  # whatever the pickle says, until it is resolved

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise RefusedPickle("a structured dtype")
        self.order = state[1]

    def resolve(self) -> np.dtype:
        """The dtype, of numbers only. Raises `RefusedPickle` for any other."""
        code = self.code
        if (
            not isinstance(code, str)
            or not re.fullmatch("[fiub][0-9]{1,2}", code)
            or self.order not in ("<", ">", "|", "=")
        ):
            raise RefusedPickle(f"dtype {code!r} with byte order {self.order!r}, expected numbers")
        try:
            return np.dtype(code).newbyteorder(self.order)
        except TypeError as error:
            raise RefusedPickle(f"dtype {self.code!r}, expected numbers") from error


class _Array:
    """Stand-in for ``numpy.ndarray``: keeps shape, dtype, order and bytes."""

    state: tuple | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise RefusedPickle("an array state of another form")
        self.state = state[1:]

    def resolve(self) -> np.ndarray:
        """The array. Raises `RefusedPickle` where shape, dtype and bytes are not those of an array of numbers."""
        shape, dtype, fortran, data = self.state or (None,) * 4
        if not isinstance(dtype, _Dtype) or not isinstance(data, bytes | bytearray) or not isinstance(shape, tuple):
            raise RefusedPickle("an array without numeric bytes")
        if len(shape) > MAX_DIMENSIONS or not all(type(size) is int and 0 <= size < MAX_SIZE for size in shape):
            raise RefusedPickle(f"shape {shape!r}")
        kind = dtype.resolve()
        if math.prod(shape) * kind.itemsize != len(data):
            raise RefusedPickle(f"{len(data)} bytes for an array {shape} of {kind}")
        array = np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")
        return array.astype(kind.newbyteorder("="))


def _reconstruct(*_: object) -> _Array:
    """Stand-in for NumPy's: ignores the requested shape, so that nothing is allocated."""
    return _Array()


def _frombuffer(data: object, dtype: object, shape: object, order: object) -> _Array:
    array = _Array()
    array.state = (shape, dtype, order == "F", data)
    return array


def _encode(text: object, encoding: object = None) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise RefusedPickle("text in an encoding other than latin1")
    return text.encode("latin1")


def _empty_bytes() -> bytes:
    """How protocols 0 to 2 write ``b""``."""
    return b""


class _NdarrayName:
    """Stand-in for the class ``numpy.ndarray`` as an argument; cannot be made."""

    def __init__(self, *_: object):
        raise RefusedPickle("a call of numpy.ndarray")


_NAMES: dict[tuple[str, str], object] = {
    ("numpy", "ndarray"): _NdarrayName,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _empty_bytes,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _frombuffer for core in ("core", "_core")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        found = _NAMES.get((module, name))
        if found is None:
            raise RefusedPickle(f"a reference to {module}.{name}")
        return found


def load_array(data: bytes) -> np.ndarray:
    """The array in a pickle, in native byte order, C order.

    Raises:
        RefusedPickle: the pickle is broken or holds anything but one array of numbers; nothing in it has run.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # the parser warns of odd text in names, and such a pickle is refused
            _check_opcodes(data)
            value = _Unpickler(io.BytesIO(data), fix_imports=False).load()
    except RefusedPickle:
        raise
    except _BROKEN as error:
        raise RefusedPickle(f"a broken pickle ({type(error).__name__}: {error})") from error
    if not isinstance(value, _Array):
        raise RefusedPickle(f"{type(value).__name__.strip('_')}, expected one array")
    return value.resolve()


def _check_opcodes(data: bytes) -> None:
    for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if opcode.name not in OPCODES:
            raise RefusedPickle(f"opcode {opcode.name}")
        if count >= MAX_OPCODES or (opcode.name in _MEMO and isinstance(argument, int) and argument > MAX_OPCODES):
            raise RefusedPickle(f"more than {MAX_OPCODES} steps or a memo beyond {MAX_OPCODES}")
