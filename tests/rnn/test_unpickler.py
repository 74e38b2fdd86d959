import io
import pickle
import random
import tracemalloc
from collections import OrderedDict

import pytest
from hostile import named, number, program, storage, text

from rnn.tensors import StorageRecord
from rnn.unpickler import STEP_LIMIT, unpickle
from tasks import FileError


def read(raw):
    return unpickle(io.BytesIO(raw), "file")


PLAIN = {
    "name": "m",
    "long": "x" * 300,
    "accent": "\u00e9",
    "none": None,
    "truth": [True, False],
    "numbers": [0, 255, 256, 65536, -1, -(2**31), 2**40, -(2**70)],
    "floats": (0.0, -1.5, 1e300),
    "nested": {"a": {"b": [[], {}, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]}},
    "ordered": OrderedDict([("z", 1), ("a", 2)]),
    "shared": ["x" * 300] * 2,
    5: "a number as key",
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_as_the_standard_pickle_writes_them(protocol):
    assert read(pickle.dumps(PLAIN, protocol)) == (PLAIN, {})


def test_a_stream_of_several_pickles_is_left_after_each():
    stream = io.BytesIO(program(number(1)) + program(number(2)) + b"rest")
    assert [unpickle(stream, "file")[0] for _ in range(2)] == [1, 2]
    assert stream.read() == b"rest"


def test_storages_are_described_not_made():
    value, storages = read(program(storage("7", "HalfStorage", 10**15)))
    assert value == StorageRecord("7", "float16", 10**15)
    assert storages == {"7": value}


@pytest.mark.parametrize(
    "deep",
    [
        b"(" * 100_000 + b".",
        b"]" * 100_000 + b"a" * 99_999 + b".",
        b")" + b"\x85" * 100_000 + b".",
        b"}" + b")" + b"\x85" * 100_000 + b"Ns.",
        b"K\x01" * 100_000 + b"\x87" * 49_999 + b".",
        b")" + b"\x852" * 10_000 + b"\x86" * 10_000 + b".",
    ],
    ids=["marks", "lists", "tuples", "tuple as key", "triples", "shared pairs"],
)
def test_depth_is_harmless(deep):
    """Read or refused, never a recursion or a crash; hashing such a tuple would crash the interpreter."""
    try:
        read(b"\x80\x02" + deep)
    except FileError as error:
        assert len(str(error)) < 500


@pytest.mark.parametrize(
    "raw, message",
    [
        (b"", "truncated"),
        (b"\x80\x02K", "truncated"),
        (program(text("m"))[:-3], "truncated"),
        (b"\x80\x02\xff.", r"the operation b'\\xff' at byte 2 has no place"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "of 2147483647 bytes is longer than 65536"),
        (b"\x80\x04\x8d" + b"\xff" * 8 + b"abc.", "of 18446744073709551615 bytes"),
        (b"\x80\x02\x8b\xff\xff\xff\x7fabc.", "of 2147483647 bytes is longer than 10"),
        (b"\x80\x02X\x01\x00\x00\x00\xff.", "damaged"),
        (program(b""), "damaged: its pickle ends with 0 values"),
        (program(b"NN"), "damaged: its pickle ends with 2 values"),
        (program(b"(N"), "damaged: its pickle ends with 1 values"),
        (program(b"h\x05"), "damaged: operation b'h' at byte 2 cannot be carried out"),
        (program(b"t"), "damaged: operation b't'"),
        (program(b"N\x86"), "damaged: operation"),
        (program(b"0"), "damaged: operation b'0'"),
        (program(b"NNs"), "damaged: operation b's'"),
        (program(b"NNNs"), "sets items of something that is no dict"),
        (program(b"NNa"), "appends to something that is no list"),
        (program(b"}(Nu"), "sets items"),
        (program(b"}NNs"), "a key of type NoneType"),
        (program(b"}" + number(2**61 - 1) + b"Ns"), "a key of type int is out of place"),
        (program(b"N}b"), "sets attributes"),
        (program(b"NNR"), "calls something that is no function"),
        (program(named("collections", "OrderedDict") + b"NR"), "calls something that is no function"),
        (program(named("collections", "OrderedDict") + b"(NtR"), "no list of pairs"),
        (program(named("collections", "OrderedDict") + b"](Nae\x85R"), "damaged|no list of pairs"),
        (program(named("torch", "FloatStorage") + b")R"), "it calls 'torch.FloatStorage'"),
        (program(named("torch._utils", "_rebuild_tensor_v2") + b")R"), "a tensor is not described"),
        (program(named("torch._utils", "_rebuild_parameter") + b"(NNNtR"), "a parameter is no tensor"),
        (program(b"NQ"), "an object that is no storage"),
        (program(b"(NNNNNtQ"), "an object that is no storage"),
        (program(storage("0", "FloatStorage", -1)), "no storage of numbers"),
        (program(storage("0", "FloatStorage", 4, end=b"]")), "is a view of another"),
        (program(b"NN\x93"), "asks for is no text"),
        (program(b"\x82\x01"), "at byte 2 has no place"),
        (program(named("collections", "OrderedDict") + b")\x81"), r"the operation b'.x81'"),
        (b"P7\n.", "the operation b'P'"),
        (b"\x80\x03C\x01a.", "the operation b'C'"),
        (program(b"\x8a\xff" + b"\x7f" * 255), "of 255 bytes is longer than 10"),
        (program(text("x" * 70_000)), "of 70000 bytes is longer than 65536"),
        (program(named("os\x1b[2J", "x" * 500)), r"it asks for 'os\\x1b\[2J.x*\.\.\.'"),
    ],
)
def test_programs_without_place_in_a_state_dict(raw, message):
    with pytest.raises(FileError, match=message) as refusal:
        read(raw)
    assert str(refusal.value).startswith("file") and len(str(refusal.value)) < 500


def test_endless_programs_end():
    tracemalloc.start()
    with pytest.raises(FileError, match="more than 500000 steps"):
        read(b"\x80\x02" + b"N0" * STEP_LIMIT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**7


def test_noise_is_refused_or_harmless():
    source = random.Random(2)
    refused = 0
    for _ in range(2000):
        try:
            read(b"\x80\x02" + source.randbytes(40))
        except FileError:
            refused += 1
    assert refused > 1900
