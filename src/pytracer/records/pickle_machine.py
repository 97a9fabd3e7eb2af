"""Reads pickles without calling anything that they name.

The unpickler of the standard library, even when it admits few names, can be made to take all memory (an index of its
memo), to overflow the C stack (the hash of deeply nested tuples) or to take hours (keys of equal hash), and it hands
states of the file's choice to NumPy. This one knows the instructions that write data (protocols 3 to 5) and a table of
names with a function of ours for each. It makes no hash tables of the file's objects and never recurses; memory is
bounded by the size of the file.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Protocol

PROTOCOLS = range(3, 6)

MAX_CONTAINERS = 2**20
"""Lists, tuples, dictionaries and marks in one pickle: they take one byte of the file, and 50 and more of memory."""
MAX_MEMO = 2**20
"""Likewise objects that one pickle may refer to again."""
MAX_NAME = 1000
"""Bytes of the name of a module, or of what is in it."""
READ_AHEAD = 2**16
MAX_ARGUMENTS = 16
"""Of a named function: those of NumPy's arrays take at most 5."""


class CutError(Exception):
    """The file ends inside a pickle."""


class BrokenError(Exception):
    """What the file holds is no pickle of data; the text says why."""


class RefusedError(Exception):
    """A pickle names something that is not data; the text is the name."""


class Pairs(list[Any]):
    """A dictionary of a pickle: its (key, value) tuples, in order."""

    def fields(self) -> dict[str, Any]:
        """The items whose key is a str."""
        return {key: value for key, value in self if isinstance(key, str)}


class Name:
    """A name that a pickle refers to, such as `numpy.ndarray`."""

    def __init__(self, text: str) -> None:
        self.text = text


class Buildable(Protocol):
    """What a named function of ours may return to be completed by a BUILD instruction."""

    def build(self, state: Any) -> None:
        """Take the state; ValueError or TypeError when it is no such state."""


Constructor = Callable[..., Any]


class Machine:
    """Reads the pickles of a file one after the other.

    Args:
        file: open for reading at the first pickle.
        size: bytes up to the end.
        names: for each admitted name what makes its objects from arguments of the file; None when it may not be
            called. It raises ValueError or TypeError for wrong arguments.
    """

    def __init__(self, file: BinaryIO, size: int, names: Mapping[str, Constructor | None]) -> None:
        self._file = file
        self._left = size  # bytes that were not read yet
        self._ahead = b""  # what was read
        self._at = 0  # how much of it was used
        self._names = names
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # the stacks under each mark
        self._memo: dict[int, Any] = {}
        self._containers = 0

    def load(self) -> Any:
        """The next object, of None, bool, int, float, complex, str, bytes, list, tuple, Pairs, Name and what the named
        functions return. A set becomes a list. Its tuples may be nested deeply: hashing one could overflow the C stack.

        Raises:
            EOFError: the file ended before it.
            CutError, BrokenError, RefusedError: see there.
        """
        if self.ended():
            raise EOFError
        self._stack, self._below, self._memo, self._containers = [], [], {}, 0
        code = self._byte()
        if code != _PROTO:
            raise BrokenError("it does not begin with a protocol of 3 or later")
        try:
            while code != _STOP:
                instruction = _INSTRUCTIONS[code]
                if instruction is None:
                    raise BrokenError(f"instruction {code:#04x} is not admitted")
                instruction(self)
                at = self._at
                if at == len(self._ahead):
                    self._fill(1)
                    at = 0
                code = self._ahead[at]
                self._at = at + 1
            [result] = self._stack
        except (ValueError, TypeError, IndexError, KeyError, OverflowError, struct.error) as error:
            raise BrokenError(f"an instruction does not fit its operands ({error})") from error
        if self._below:
            raise BrokenError("a mark is left over")
        return result

    def ended(self) -> bool:
        """Whether there is no further pickle."""
        return self._at == len(self._ahead) and not self._left

    def _fill(self, length: int) -> None:
        """Read so far that the next `length` bytes stand at the beginning of `_ahead`."""
        rest = self._ahead[self._at :]
        wanted = length - len(rest)
        if wanted > self._left:
            raise CutError
        content = self._file.read(min(max(wanted, READ_AHEAD), self._left))
        if len(content) < wanted:
            raise CutError
        self._left -= len(content)
        self._ahead, self._at = rest + content if rest else content, 0

    def _read(self, length: int) -> bytes:
        if length < 0:
            raise BrokenError("a length is negative")
        if self._at + length > len(self._ahead):
            self._fill(length)
        first = self._at
        self._at = last = first + length
        return self._ahead[first:last]

    def _byte(self) -> int:
        return self._read(1)[0]

    def _number(self, form: struct.Struct) -> Any:
        return form.unpack(self._read(form.size))[0]

    def _line(self) -> str:
        content = bytearray()
        while (byte := self._byte()) != ord("\n"):
            content.append(byte)
            if len(content) > MAX_NAME:
                raise BrokenError("a name has no end")
        return content.decode()

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _container(self, value: Any) -> None:
        self._containers += 1
        if self._containers > MAX_CONTAINERS:
            raise BrokenError(f"one record has more than {MAX_CONTAINERS} containers")
        self._stack.append(value)

    def _mark(self) -> None:
        self._container(None)
        self._stack.pop()
        self._below.append(self._stack)
        self._stack = []

    def _marked(self) -> list[Any]:
        items = self._stack
        self._stack = self._below.pop()
        return items

    def _append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise BrokenError("items for what is no list")
        target.extend(items)

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, Pairs) or len(items) % 2:
            raise BrokenError("items for what is no dictionary")
        self._containers += len(items) // 2
        if self._containers > MAX_CONTAINERS:
            raise BrokenError(f"one record has more than {MAX_CONTAINERS} containers")
        target.extend(zip(items[::2], items[1::2], strict=True))

    def _pairs(self, items: list[Any]) -> None:
        self._container(Pairs())
        self._set(items)

    def _tuple(self, length: int) -> None:
        if len(self._stack) < length:
            raise BrokenError("a tuple has too few items")
        items = tuple(self._stack[-length:])
        del self._stack[-length:]
        self._container(items)

    def _remember(self, index: int) -> None:
        if len(self._memo) >= MAX_MEMO:
            raise BrokenError(f"one record remembers more than {MAX_MEMO} objects")
        self._memo[index] = self._stack[-1]

    def _name(self, module: Any, name: Any) -> None:
        text = f"{module}.{name}"
        if not isinstance(module, str) or not isinstance(name, str) or text not in self._names:
            raise RefusedError(text if isinstance(name, str) and isinstance(module, str) else "what has no name")
        self._container(Name(text))

    def _stack_name(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._name(module, name)

    def _call(self) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        constructor = self._names[name.text] if isinstance(name, Name) else None
        if constructor is None or not isinstance(arguments, tuple) or len(arguments) > MAX_ARGUMENTS:
            raise BrokenError("a call of what cannot be called")
        self._container(constructor(*arguments))

    def _build(self) -> None:
        state = self._stack.pop()
        target: Buildable = self._stack[-1]
        if not hasattr(target, "build"):
            raise BrokenError("a state for what has none")
        target.build(state)


_INT1, _INT2, _INT4, _SIGNED, _INT8, _DOUBLE = map(struct.Struct, ("B", "<H", "<I", "<i", "<Q", ">d"))


def _text(form: struct.Struct) -> Callable[[Machine], None]:
    return lambda m: m._push(m._read(m._number(form)).decode("utf-8", "surrogatepass"))


def _bytes(form: struct.Struct) -> Callable[[Machine], None]:
    return lambda m: m._push(m._read(m._number(form)))


def _integer(form: struct.Struct) -> Callable[[Machine], None]:
    return lambda m: m._push(int.from_bytes(m._read(m._number(form)), "little", signed=True))


_PROTO, _STOP = 0x80, ord(".")


def _protocol(machine: Machine) -> None:
    if machine._byte() not in PROTOCOLS:
        raise BrokenError("its protocol is not known")


_BY_CODE: dict[int, Callable[[Machine], Any]] = {
    _PROTO: _protocol,
    0x95: lambda m: m._read(8),  # FRAME: only a hint for reading ahead
    # Numbers
    ord("N"): lambda m: m._push(None),
    0x88: lambda m: m._push(True),
    0x89: lambda m: m._push(False),
    ord("J"): lambda m: m._push(m._number(_SIGNED)),
    ord("K"): lambda m: m._push(m._byte()),
    ord("M"): lambda m: m._push(m._number(_INT2)),
    0x8A: _integer(_INT1),
    0x8B: _integer(_SIGNED),
    ord("G"): lambda m: m._push(m._number(_DOUBLE)),
    # Texts and bytes
    0x8C: _text(_INT1),
    ord("X"): _text(_INT4),
    0x8D: _text(_INT8),
    ord("C"): _bytes(_INT1),
    ord("B"): _bytes(_INT4),
    0x8E: _bytes(_INT8),
    0x96: _bytes(_INT8),  # BYTEARRAY8
    # Containers
    ord("("): Machine._mark,
    ord(")"): lambda m: m._push(()),
    0x85: lambda m: m._tuple(1),
    0x86: lambda m: m._tuple(2),
    0x87: lambda m: m._tuple(3),
    ord("t"): lambda m: m._container(tuple(m._marked())),
    ord("]"): lambda m: m._container([]),
    ord("l"): lambda m: m._container(m._marked()),
    ord("a"): lambda m: m._append([m._stack.pop()]),
    ord("e"): lambda m: m._append(m._marked()),
    ord("}"): lambda m: m._container(Pairs()),
    ord("d"): lambda m: m._pairs(m._marked()),
    ord("s"): lambda m: m._set([m._stack.pop(-2), m._stack.pop()]),
    ord("u"): lambda m: m._set(m._marked()),
    0x8F: lambda m: m._container([]),  # EMPTY_SET
    0x90: lambda m: m._append(m._marked()),
    0x91: lambda m: m._container(m._marked()),  # FROZENSET
    # References
    ord("h"): lambda m: m._push(m._memo[m._byte()]),
    ord("j"): lambda m: m._push(m._memo[m._number(_INT4)]),
    ord("q"): lambda m: m._remember(m._byte()),
    ord("r"): lambda m: m._remember(m._number(_INT4)),
    0x94: lambda m: m._remember(len(m._memo)),
    # Names
    ord("c"): lambda m: m._name(m._line(), m._line()),
    0x93: Machine._stack_name,
    ord("R"): Machine._call,
    0x81: Machine._call,  # NEWOBJ
    ord("b"): Machine._build,
}

_INSTRUCTIONS = [_BY_CODE.get(code) for code in range(256)]
