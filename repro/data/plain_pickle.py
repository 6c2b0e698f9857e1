"""Read pickles of plain data opcode by opcode, without importing or running anything they name.

Where in the flow: CIFAR-10's Python version (data_prep/cifar10.py) and the index of the weights
that the authors released (repro/released/arrays.py) are pickles of Python 2. Python's own unpickler
calls anything that a pickle names, and arrays that it fills can be made to read and write foreign
memory. Here lists, dicts, tuples, numbers and texts are returned as they are. Anything that would
be an object, such as an array, is returned as a `PickledObject`: its constructor's arguments, which
the caller checks.

Alone: `read_pickle(path.read_bytes(), names={"numpy.dtype"})`.
"""

import pickletools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from repro.errors import ExpectedError

LATIN1 = "_codecs.encode"  # how Python 3 writes bytes for Python 2: a text to be encoded
VALUES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8",
}  # fmt: skip
CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
MARK = object()


class PickleError(ExpectedError, ValueError):
    """Bytes that are not a pickle of plain data; the message says what they require."""


@dataclass(frozen=True)
class Name:
    """A class or function that the pickle names, such as numpy.ndarray."""

    name: str


@dataclass
class PickledObject:
    """What the pickle would create: call `name` with `arguments`, then fill in `state`."""

    name: str
    arguments: tuple[Any, ...]
    state: Any = None


def read_pickle(data: bytes, *, names: Collection[str]) -> Any:
    """The value in a pickle of protocol 0 to 4; texts of Python 2 as bytes.

    names: allowed names, with their modules. Raises PickleError for any other name, any opcode that
    plain data do not need, and damaged or truncated bytes.
    """
    reader = _Reader(names)
    try:
        for opcode, argument, _ in pickletools.genops(data):
            reader.take(opcode.name, argument)
        (value,) = reader.stack
    except PickleError:
        raise
    except Exception as error:  # damaged bytes raise nearly anything in pickletools
        raise PickleError(f"damaged or cut off ({type(error).__name__}: {error})") from None
    return value


class _Reader:
    """The stack and the memo of a pickle while it is read."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def take(self, opcode: str, argument: Any) -> None:
        """Execute one opcode."""
        if opcode in VALUES:
            self.stack.append(argument.encode("latin1") if "STRING" in opcode else argument)
        elif opcode in CONSTANTS:
            self.stack.append(CONSTANTS[opcode]())
        elif opcode in TUPLES:
            parts = [self._pop() for _ in range(TUPLES[opcode])]
            self.stack.append(tuple(reversed(parts)))
        else:
            step = getattr(self, f"_{opcode.lower()}", None)
            if step is None:
                raise PickleError(f"it uses {opcode}, which no plain data need")
            step(argument)

    def _pop(self) -> Any:
        if not self.stack or self.stack[-1] is MARK:
            raise PickleError("damaged: a value is missing")
        return self.stack.pop()

    def _to_mark(self) -> list[Any]:
        values = []
        while self.stack[-1] is not MARK:
            values.append(self.stack.pop())
        self.stack.pop()
        return values[::-1]

    def _top(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise PickleError(f"damaged: a {kind.__name__} is missing")
        return self.stack[-1]

    def _proto(self, argument: Any) -> None: ...

    _frame = _stop = _proto

    def _mark(self, argument: Any) -> None:
        self.stack.append(MARK)

    def _list(self, argument: Any) -> None:
        self.stack.append(self._to_mark())

    def _tuple(self, argument: Any) -> None:
        self.stack.append(tuple(self._to_mark()))

    def _dict(self, argument: Any) -> None:
        values = self._to_mark()
        self.stack.append({})
        self._set(values)

    def _append(self, argument: Any) -> None:
        value = self._pop()
        self._top(list).append(value)

    def _appends(self, argument: Any) -> None:
        values = self._to_mark()
        self._top(list).extend(values)

    def _setitem(self, argument: Any) -> None:
        value = self._pop()
        self._set([self._pop(), value])

    def _setitems(self, argument: Any) -> None:
        self._set(self._to_mark())

    def _set(self, values: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, (str, bytes, int)):  # others could take for ever to hash
                raise PickleError(f"it has a {type(key).__name__} as a key")
            target[key] = value

    def _put(self, argument: int) -> None:
        value = self._pop()
        self.stack.append(value)
        self.memo[argument] = value

    _binput = _long_binput = _put

    def _memoize(self, argument: Any) -> None:
        self._put(len(self.memo))

    def _get(self, argument: int) -> None:
        self.stack.append(self.memo[argument])

    _binget = _long_binget = _get

    def _global(self, argument: str) -> None:
        name = argument.replace(" ", ".")
        if name not in self.names:
            raise PickleError(f"it asks for {name[:200]}, which no such file needs")
        self.stack.append(Name(name))

    def _stack_global(self, argument: Any) -> None:
        name, module = self._pop(), self._pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise PickleError("damaged: a name is missing")
        self._global(f"{module} {name}")

    def _reduce(self, argument: Any) -> None:
        arguments, made = self._pop(), self._pop()
        if not (isinstance(made, Name) and isinstance(arguments, tuple)):
            raise PickleError("it calls something that it does not name")
        self.stack.append(_encoded(arguments) if made.name == LATIN1 else _made(made, arguments))

    _newobj = _reduce

    def _build(self, argument: Any) -> None:
        state = self._pop()
        self._top(PickledObject).state = state


def _made(made: Name, arguments: tuple[Any, ...]) -> PickledObject:
    return PickledObject(made.name, arguments)


def _encoded(arguments: tuple[Any, ...]) -> bytes:
    text, encoding = arguments
    if not isinstance(text, str) or encoding != "latin1":
        raise PickleError("it asks for another encoding than latin1")
    return text.encode("latin1")
