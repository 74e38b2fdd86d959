"""The part of the pickle format that PyTorch state dicts use, and nothing else of it.

A pickle is a program for a stack machine; the usual one lets the program call any function. This one knows
the operations that a state dict needs, and its only functions are those of `rnn.tensors`, which make plain
descriptions. There is no recursion, so depth is harmless, and every count is limited.
"""

import struct
from dataclasses import dataclass, field

from rnn.archives import shown
from rnn.tensors import call, fill, find_global, find_storage
from tasks.errors import FileError

STEP_LIMIT = 500_000
TEXT_LIMIT = 65_536
# The longest number in a state dict is the magic number of the old container, of 10 bytes.
NUMBER_BYTES = 10


@dataclass
class _Machine:
    stack: list = field(default_factory=list)
    below: list = field(default_factory=list)  # the stacks under each open mark
    memo: dict = field(default_factory=dict)
    storages: dict = field(default_factory=dict)


def unpickle(stream, where):
    """Read one pickle from a stream of bytes without running anything.

    Parameters
    ----------
    stream : io.BytesIO
        Positioned at the pickle; left after its end.
    where : str
        The file, for errors.

    Returns
    -------
    value : object
        None, bool, int, float, str, tuple, list, dict, or a description of `rnn.tensors`.
    storages : dict of str to StorageRecord
        Every storage that the pickle mentions, by key.

    Raises
    ------
    FileError
        Truncated or damaged, above a limit, or a name or an operation that a state dict does not need.

    Examples
    --------
    >>> import io
    >>> unpickle(io.BytesIO(b"\\x80\\x02}X\\x01\\x00\\x00\\x00aK\\x05s."), "example")
    ({'a': 5}, {})
    >>> unpickle(io.BytesIO(b"cposix\\nsystem\\n(X\\x04\\x00\\x00\\x00exittR."), "example")
    Traceback (most recent call last):
    tasks.errors.FileError: example: refused: it asks for 'posix.system', ...
    """
    machine = _Machine()
    start = stream.tell()
    for _ in range(STEP_LIMIT):
        position = stream.tell() - start
        code = stream.read(1)
        if code == b".":
            if len(machine.stack) != 1 or machine.below:
                raise FileError(f"{where}: damaged: its pickle ends with {len(machine.stack)} values")
            return machine.stack[0], machine.storages
        try:
            if not code:
                raise EOFError
            if code not in _STEPS:
                raise ValueError(f"the operation {code!r} at byte {position} has no place in a state dict")
            read, step = _STEPS[code]
            step(machine, *(read(stream),) if read else ())
        except EOFError as error:
            raise FileError(f"{where}: truncated: its pickle has no end") from error
        except (IndexError, KeyError, UnicodeDecodeError) as error:
            raise FileError(
                f"{where}: damaged: operation {code!r} at byte {position} cannot be carried out"
            ) from error
        except ValueError as error:
            raise FileError(f"{where}: refused: {error}") from error
    raise FileError(f"{where}: refused: its pickle has more than {STEP_LIMIT} steps")


def _exactly(stream, count):
    raw = stream.read(count)
    if len(raw) < count:
        raise EOFError
    return raw


def _fixed(form):
    def read(stream):
        return struct.unpack(form, _exactly(stream, struct.calcsize(form)))[0]

    return read


def _counted(form, limit, convert):
    def read(stream):
        count = struct.unpack(form, _exactly(stream, struct.calcsize(form)))[0]
        if count > limit:
            raise ValueError(f"a text or number of {count} bytes is longer than {limit}")
        return convert(_exactly(stream, count))

    return read


def _line(stream):
    line = stream.readline(TEXT_LIMIT)
    if not line.endswith(b"\n"):
        raise ValueError("a name is too long") if len(line) == TEXT_LIMIT else EOFError
    return line[:-1].decode()


def _two_lines(stream):
    return _line(stream), _line(stream)


def _text(form):
    return _counted(form, TEXT_LIMIT, bytes.decode)


def _number(form):
    return _counted(form, NUMBER_BYTES, lambda raw: int.from_bytes(raw, "little", signed=True))


def _push(machine, value):
    machine.stack.append(value)


def _pop(machine, count):
    if len(machine.stack) < count:
        raise IndexError
    items = machine.stack[len(machine.stack) - count :]
    del machine.stack[len(machine.stack) - count :]
    return items


def _pop_to_mark(machine):
    items = machine.stack
    machine.stack = machine.below.pop()
    return items


def _make(value):
    return lambda machine: machine.stack.append(value())


def _tuple(count):
    return lambda machine: _push(machine, tuple(_pop(machine, count)))


def _mark(machine):
    machine.below.append(machine.stack)
    machine.stack = []


def _append(machine, items):
    if type(machine.stack[-1]) is not list:
        raise ValueError("it appends to something that is no list")
    machine.stack[-1].extend(items)


def _set(machine, items):
    if type(machine.stack[-1]) is not dict or len(items) % 2:
        raise ValueError("it sets items of something that is no dict")
    fill(machine.stack[-1], zip(items[::2], items[1::2]))


def _remember(machine, index):
    machine.memo[index] = machine.stack[-1]


def _build(machine):
    # The instance attributes of a state dict (its `_metadata`) are of no use here.
    machine.stack.pop()
    if type(machine.stack[-1]) is not dict:
        raise ValueError("it sets attributes of something that is no dict")


def _global(machine):
    module, name = _pop(machine, 2)
    if type(module) is not str or type(name) is not str:
        raise ValueError("a name it asks for is no text")
    _push(machine, find_global(module, name))


def _instance(machine, names):
    find_global(*names)
    raise ValueError("it makes an instance")


def _persistent(machine):
    record = find_storage(machine.stack.pop())
    if machine.storages.setdefault(record.key, record) != record:
        raise ValueError(f"the storage {shown([record.key])} is described in two ways")
    _push(machine, record)


# By code: how to read the argument that follows in the stream, if any, and what to do.
_STEPS = {
    b"\x80": (_fixed("B"), lambda machine, protocol: None),
    b"\x95": (_fixed("<Q"), lambda machine, frame: None),
    b"N": (None, _make(lambda: None)),
    b"\x88": (None, _make(lambda: True)),
    b"\x89": (None, _make(lambda: False)),
    b"K": (_fixed("B"), _push),
    b"M": (_fixed("<H"), _push),
    b"J": (_fixed("<i"), _push),
    b"\x8a": (_number("B"), _push),
    b"\x8b": (_number("<I"), _push),
    b"G": (_fixed(">d"), _push),
    b"\x8c": (_text("B"), _push),
    b"X": (_text("<I"), _push),
    b"\x8d": (_text("<Q"), _push),
    b"U": (_text("B"), _push),
    b"T": (_text("<I"), _push),
    b"(": (None, _mark),
    b"0": (None, lambda machine: machine.stack.pop()),
    b"2": (None, lambda machine: _push(machine, machine.stack[-1])),
    b")": (None, _make(tuple)),
    b"\x85": (None, _tuple(1)),
    b"\x86": (None, _tuple(2)),
    b"\x87": (None, _tuple(3)),
    b"t": (None, lambda machine: _push(machine, tuple(_pop_to_mark(machine)))),
    b"]": (None, _make(list)),
    b"a": (None, lambda machine: _append(machine, _pop(machine, 1))),
    b"e": (None, lambda machine: _append(machine, _pop_to_mark(machine))),
    b"}": (None, _make(dict)),
    b"s": (None, lambda machine: _set(machine, _pop(machine, 2))),
    b"u": (None, lambda machine: _set(machine, _pop_to_mark(machine))),
    b"q": (_fixed("B"), _remember),
    b"r": (_fixed("<I"), _remember),
    b"\x94": (None, lambda machine: _remember(machine, len(machine.memo))),
    b"h": (_fixed("B"), lambda machine, index: _push(machine, machine.memo[index])),
    b"j": (_fixed("<I"), lambda machine, index: _push(machine, machine.memo[index])),
    b"c": (_two_lines, lambda machine, names: _push(machine, find_global(*names))),
    b"i": (_two_lines, _instance),
    b"\x93": (None, _global),
    b"R": (None, lambda machine: _push(machine, call(*_pop(machine, 2)))),
    b"b": (None, _build),
    b"Q": (None, _persistent),
}
