import io
import json
import zipfile

import numpy as np
import pytest

from rnn.container import ARRAYS, pack, unpack, unpack_header
from rnn.members import write_members
from tasks import FileError, InputError

SETTINGS = {"phi": "tanh", "alpha": 0.2, "noise_std": 0.05}


def parts(units=5, rank=2):
    rng = np.random.default_rng(0)
    shapes = {"m": (units, rank), "n": (units, rank), "I": (units, 3), "w": (units, 1), "h0": (units,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def members(**changes):
    return {**pack("low-rank", SETTINGS, parts(), {"seed": 1}), **changes}


def archive(held):
    file = io.BytesIO()
    write_members(file, {name: contents for name, contents in held.items() if contents is not None})
    return zipfile.ZipFile(file)


def header(**changes):
    fields = json.loads(members()["header.json"])
    return json.dumps({**fields, **changes}).encode()


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def test_what_is_packed_is_unpacked():
    kind, settings, arrays = unpack(archive(members()), "file")
    assert (kind, settings) == ("low-rank", SETTINGS)
    for name, array in parts().items():
        np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 4), (0, 4), (12345, 1)])
def test_the_arrays_are_numpys_files(shape):
    """np.save writes the same bytes up to padding, and reads ours."""
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    ours = pack("full-rank", SETTINGS, {"J": array}, {})["J.npy"]
    loaded = np.load(io.BytesIO(ours), allow_pickle=False)
    np.testing.assert_array_equal(loaded, array)
    assert loaded.dtype == float
    assert ours.index(b"\n") % 64 == 63
    assert ours == npy(array)


@pytest.mark.parametrize(
    "array", [np.ones((5, 2)) * 3, np.ones((5, 2), np.float32), np.ones((5, 2), order="F")]
)
def test_arrays_swapped_for_others_are_refused(array):
    with pytest.raises(FileError, match=r"the checksum of m does not fit|holds '<f4'|array in C order"):
        unpack(archive(members(**{"m.npy": npy(array)})), "file")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"header.json": None}, "has no member 'header.json'"),
        ({"header.json": b""}, "header.json cannot be read"),
        ({"header.json": b"\xff"}, "header.json cannot be read"),
        ({"header.json": b"[" * 100_000}, "header.json cannot be read"),
        ({"header.json": b"1" * 10_000}, "header.json cannot be read"),
        ({"header.json": b" " * (2**20 + 1)}, "has more than 1048576 bytes"),
        ({"header.json": b"[]"}, "its header does not say 'dynsys-rnn network'"),
        ({"header.json": header(format="zip")}, "its header does not say"),
        ({"header.json": header(version=3)}, "has version 3 of the format, this program reads up to 2"),
        ({"header.json": header(version="1")}, "no version"),
        ({"header.json": header(kind="dense")}, "kind 'dense'; known are 'low-rank', 'full-rank'"),
        ({"header.json": header(kind=3, alpha="0.2")}, "missing or of another type: 'kind', 'alpha'"),
        ({"header.json": header(alpha=10**400)}, "of another type: 'alpha'"),
        ({"header.json": header(arrays=[])}, "of another type: 'arrays'"),
        ({"header.json": header(arrays={"m": {"shape": [-1, 2]}})}, "shape, dtype and sha256 of 'm'"),
        ({"header.json": header(arrays={"m": 3})}, "shape, dtype and sha256 of 'm'"),
        ({"x": b"1"}, "expected an .npy member for each of 'm', 'n', 'I', 'w', 'h0'"),
        ({"m.npy": b""}, "m.npy does not begin like an array"),
        ({"m.npy": npy(np.ones((5, 2)))[:40]}, "m.npy does not begin like an array"),
        ({"m.npy": npy(np.ones((5, 2)))[:-8]}, r"shape \(5, 2\) in 72 bytes; expected \(5, 2\) in 80"),
        ({"m.npy": npy(np.ones((2, 5)))}, r"shape \(2, 5\) in 80 bytes; expected \(5, 2\)"),
    ],
)
def test_damage_is_refused(changes, message):
    with pytest.raises(FileError, match=message):
        unpack(archive(members(**changes)), "file")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"m.npy": None, "I.npy": None}, "missing arrays: 'm', 'I'"),
        ({"q.npy": b""}, "unknown arrays: 'q'"),
        ({"header.json": header(arrays={})}, "missing arrays: 'm', 'n', 'I', 'w', 'h0'"),
        ({"header.json": header(kind="full-rank")}, "missing arrays: 'J'; unknown arrays: 'm', 'n'"),
    ],
)
def test_names_of_arrays_are_listed(changes, message):
    with pytest.raises(InputError, match=message):
        unpack(archive(members(**changes)), "file")


def test_lengths_that_differ_are_listed():
    arrays = {**parts(), "I": np.zeros((4, 3))}
    with pytest.raises(
        InputError, match=r"N differs between arrays: m \(N, R\) = \(5, 2\), .*I \(N, S\) = \(4, 3\)"
    ):
        unpack(archive(pack("low-rank", SETTINGS, arrays, {})), "file")


@pytest.mark.parametrize(
    "written, claimed", [("<f8", "<f4"), ("<f4", "<f8"), ("<f4", "<f2"), ("<f4", ["<f4"])]
)
def test_a_header_that_claims_another_precision_is_refused(written, claimed):
    held = pack("low-rank", SETTINGS, parts(), {}, written)
    fields = json.loads(held["header.json"])
    fields["arrays"]["m"]["dtype"] = claimed
    message = f"m.npy holds '{written}'; expected {claimed}|does not give shape, dtype and sha256 of 'm'"
    with pytest.raises(FileError, match=message):
        unpack(archive({**held, "header.json": json.dumps(fields).encode()}), "file")


def test_single_precision_of_the_wrong_length_is_refused():
    held = pack("low-rank", SETTINGS, parts(), {}, "<f4")
    with pytest.raises(FileError, match=r"shape \(5, 2\) in 36 bytes; expected \(5, 2\) in 40"):
        unpack(archive({**held, "m.npy": held["m.npy"][:-4]}), "file")


def test_headers_that_declare_terabytes_are_refused():
    claims = json.loads(members()["header.json"])["arrays"]
    for name in claims:
        claims[name]["shape"][0] = 10**12
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 2), }\n"
    m = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(80)
    with pytest.raises(
        FileError, match=r"shape \(1000000000000, 2\) in 80 bytes; expected .* in 16000000000000"
    ):
        unpack(archive(members(**{"header.json": header(arrays=claims), "m.npy": m})), "file")


@pytest.mark.parametrize("descr", ["'|O'", "[('a', '|O')]", "__import__('os').system('true')", "'<f8' * 9"])
def test_array_headers_are_not_evaluated(descr):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (5, 2), }}\n".encode()
    m = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(80)
    with pytest.raises(FileError, match=r"m.npy holds Python objects|m.npy holds"):
        unpack(archive(members(**{"m.npy": m})), "file")


@pytest.mark.parametrize(
    "provenance",
    [{"a": object()}, {"a": float("nan")}, [1], {"a": "x" * 2**20}, {(1, 2): 3}, {"a": np.ones(2)}],
)
def test_provenance_is_plain(provenance):
    with pytest.raises(InputError, match="provenance: expected a dict"):
        pack("low-rank", SETTINGS, parts(), provenance)


def test_every_kind_names_its_axes():
    assert all("h0" in axes and "N" in axes["w"] for axes in ARRAYS.values())
    assert unpack_header(archive(members()), "file")["provenance"] == {"seed": 1}
