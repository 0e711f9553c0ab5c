"""Many arrays as one argument of a compiled function.

To hand a hundred arrays over takes Numba longer than most calls take. `Packed` does it once: it keeps the tuples as compiled code sees
them, and a call takes their address.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import NativeValue, intrinsic, models, register_model, typeof_impl, unbox

from sim.orchestration.compiled import compiled, inner

T = TypeVar("T")
_numba, _native, _intrinsic = (
    cast(Any, numba),
    cast(Any, NativeValue),
    cast(Any, intrinsic),
)  # as they are not typed


class Packed(Generic[T]):
    """A tuple of arrays, or of such tuples, for compiled functions that begin with `unpacked`.

    What is written into the arrays later is seen; an array that takes the place of another is not.
    """

    __slots__ = ("_memory", "_numba_type_", "address", "of")

    def __init__(self, of: T) -> None:
        self.of = of
        if not _numba.config.DISABLE_JIT:
            self._numba_type_ = _type_of(of)
            self._memory = np.zeros(_bytes(of), dtype=np.uint8)
            self.address = int(self._memory.ctypes.data)
            _pack(of, self.address)


class _Type(types.Type):  # type: ignore[misc,unused-ignore]
    def __init__(self, of: Any) -> None:
        self.of = of
        cast(Any, super()).__init__(name=f"Packed({of.name})")


_types: dict[tuple[object, ...], tuple[_Type, list[np.dtype[Any]]]] = {}
"""By what arrays look like; with their dtypes, so that none of these goes and leaves its identity to another."""


def _type_of(of: Any) -> _Type:
    """The type of a packed tuple. Numba takes milliseconds to find out about a hundred arrays; a glance tells that they are as before."""
    look: list[object] = []
    dtypes: list[np.dtype[Any]] = []
    ahead = [of]
    while ahead:
        each = ahead.pop()
        if isinstance(each, np.ndarray):
            look.append((id(each.dtype), each.ndim, each.flags.num))
            dtypes.append(each.dtype)
        else:
            look.append((type(each), len(each)))
            ahead.extend(each)
    key = tuple(look)
    if key not in _types:
        _types[key] = _Type(_numba.typeof(of)), dtypes
    return _types[key][0]


@cast(Any, register_model)(_Type)
class _Address(models.PrimitiveModel):  # type: ignore[misc,unused-ignore]
    def __init__(self, manager: Any, kind: _Type) -> None:
        cast(Any, super()).__init__(manager, kind, ir.IntType(64))


@cast(Any, typeof_impl).register(Packed)
def _typeof(packed: Packed[Any], _: Any) -> Any:
    return packed._numba_type_


@cast(Any, unbox)(_Type)
def _unbox(_: _Type, packed: Any, c: Any) -> Any:
    address = c.pyapi.object_getattr_string(packed, "address")
    number = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    return _native(number)


def _pointer(context: Any, builder: Any, of: Any, address: Any) -> Any:
    return builder.inttoptr(address, context.get_value_type(of).as_pointer())


@_intrinsic
def _size(_: Any, of: Any) -> Any:
    def build(context: Any, *__: Any) -> Any:
        return context.get_constant(types.int64, context.get_abi_sizeof(context.get_value_type(of)))

    return types.int64(of), build


@_intrinsic
def _store(_: Any, of: Any, address: Any) -> Any:
    def build(context: Any, builder: Any, __: Any, values: Any) -> Any:
        builder.store(values[0], _pointer(context, builder, of, values[1]))
        return context.get_dummy_value()

    return types.void(of, address), build


@_intrinsic
def _load(_: Any, packed: Any) -> Any:
    def build(context: Any, builder: Any, __: Any, values: Any) -> Any:
        return builder.load(_pointer(context, builder, packed.of, values[0]))

    return packed.of(packed), build


@compiled
def _bytes(of: Any) -> int:
    return int(_size(of))


@compiled
def _pack(of: Any, address: int) -> None:
    _store(of, address)


def unpacked(packed: Packed[T]) -> T:
    """What was packed."""
    return packed.of


if not _numba.config.DISABLE_JIT:

    @inner
    def unpacked(packed: Packed[T]) -> T:
        """What was packed."""
        found: T = _load(packed)
        return found
