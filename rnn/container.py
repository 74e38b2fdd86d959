"""The project's own network file, in bytes.

An uncompressed zip archive that `numpy.load` opens without pickle: a member per array (float64,
little-endian, C order) and ``header.json`` with the format's version, the settings, and the shape and SHA-256
of each array. Dates and rights are fixed, so the same network gives the same bytes. On reading, every claim
is checked against every other before an array is made.
"""

import hashlib
import json
import math
import re
import zipfile

import numpy as np

from rnn.archives import read_member, reason, shown
from rnn.state_dicts import check_lengths, check_names
from tasks.errors import FileError, InputError

FORMAT, VERSION = "dynsys-rnn network", 1
HEADER_NAME, HEADER_LIMIT = "header.json", 1024**2
# The arrays of each kind of network with the letters of their axes.
ARRAYS = {
    "low-rank": {"m": "NR", "n": "NR", "I": "NS", "w": "NO", "h0": "N"},
    "full-rank": {"J": "NN", "I": "NS", "w": "NO", "h0": "N"},
}
SETTINGS = {"phi": (str,), "alpha": (float,), "noise_std": (float,)}
_DTYPE = "<f8"
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
# numpy evaluates this text as a Python literal; the few forms allowed here are read by pattern instead.
_NPY_HEADER = re.compile(
    rb"\{'descr': ([^:]{1,60}), 'fortran_order': False, 'shape': \(((?:[0-9]{1,15}(?:, |,)?){0,3})\), \} *\n"
)


def pack(kind, settings, arrays, provenance):
    """Turn a network's parts into the members of its file.

    Parameters
    ----------
    kind : str
        A key of `ARRAYS`.
    settings : dict
        phi, alpha, noise_std.
    arrays : dict of str to ndarray
        The arrays of that kind.
    provenance : dict
        Plain values.

    Returns
    -------
    dict of str to bytes
        Contents by member name.

    Raises
    ------
    InputError
        Provenance that is not plain or too large.

    Examples
    --------
    >>> arrays = {"J": np.eye(2), "I": np.ones((2, 1)), "w": np.ones((2, 1)), "h0": np.zeros(2)}
    >>> sorted(pack("full-rank", {"phi": "tanh", "alpha": 0.2, "noise_std": 0.0}, arrays, {}))
    ['I.npy', 'J.npy', 'h0.npy', 'header.json', 'w.npy']
    """
    contents = {name: array.astype(_DTYPE, order="C").tobytes() for name, array in arrays.items()}
    header = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        **settings,
        "arrays": {
            name: {
                "shape": array.shape,
                "dtype": _DTYPE,
                "sha256": hashlib.sha256(contents[name]).hexdigest(),
            }
            for name, array in arrays.items()
        },
        "provenance": provenance,
    }
    try:
        text = json.dumps(header, indent=1, sort_keys=True, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"provenance: expected a dict of plain finite values: {reason(error)}") from error
    if type(provenance) is not dict or len(text) > HEADER_LIMIT:
        raise InputError(f"provenance: expected a dict that takes less than {HEADER_LIMIT} bytes")
    return {
        HEADER_NAME: text,
        **{f"{name}.npy": _npy_header(array.shape) + contents[name] for name, array in arrays.items()},
    }


def write_members(file, members):
    """Write members as a zip archive whose bytes depend on nothing else.

    Parameters
    ----------
    file : binary file object
        Open for writing.
    members : dict of str to bytes
        As `pack` returns them.

    Examples
    --------
    >>> import io
    >>> first, second = io.BytesIO(), io.BytesIO()
    >>> write_members(first, {"a": b"1"})
    >>> write_members(second, {"a": b"1"})
    >>> first.getvalue() == second.getvalue()
    True
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, contents in members.items():
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system, member.external_attr = 3, 0o644 << 16
            archive.writestr(member, contents)


def unpack(archive, path):
    """Read a network's parts, checked: names, shapes, lengths that agree, sizes, checksums.

    Parameters
    ----------
    archive : zipfile.ZipFile
        From `rnn.archives.open_archive`.
    path : str or path-like
        Its path, for errors.

    Returns
    -------
    kind : str
    settings : dict
    arrays : dict of str to ndarray

    Raises
    ------
    FileError
        Newer version, damaged header or array, objects instead of numbers.
    InputError
        Missing or unknown arrays, lengths that differ.

    Examples
    --------
    >>> import io
    >>> arrays = {"J": np.eye(2), "I": np.ones((2, 1)), "w": np.ones((2, 1)), "h0": np.zeros(2)}
    >>> file = io.BytesIO()
    >>> write_members(file, pack("full-rank", {"phi": "tanh", "alpha": 0.2, "noise_std": 0.0}, arrays, {}))
    >>> kind, settings, arrays = unpack(zipfile.ZipFile(file), "example.npz")
    >>> kind, settings["alpha"], arrays["J"].shape
    ('full-rank', 0.2, (2, 2))
    """
    header = unpack_header(archive, path)
    axes, described = ARRAYS[header["kind"]], header["arrays"]
    check_names(described, axes)
    members = [name for name in archive.namelist() if name != HEADER_NAME]
    check_names([name.removesuffix(".npy") for name in members if name.endswith(".npy")], axes)
    if len(members) != len(axes):
        raise FileError(
            f"{path}: refused: it holds {shown(members)}; expected an .npy member for each of {shown(axes)}"
        )
    shapes = {name: tuple(described[name]["shape"]) for name in axes}
    check_lengths(shapes, axes)
    arrays = {
        name: _read_array(archive, name, shapes[name], described[name]["sha256"], path) for name in axes
    }
    return header["kind"], {name: header[name] for name in SETTINGS}, arrays


def unpack_header(archive, path):
    """Read the header alone, its fields and their types checked.

    Parameters
    ----------
    archive, path
        As for `unpack`.

    Returns
    -------
    dict

    Raises
    ------
    FileError
        No header, newer version, missing or odd fields.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_members(file, {"header.json": b'{"format": "dynsys-rnn network", "version": 99}'})
    >>> unpack_header(zipfile.ZipFile(file), "example.npz")
    Traceback (most recent call last):
    tasks.errors.FileError: example.npz: has version 99 of the format, this program reads up to 1; update it
    """
    if HEADER_NAME in archive.namelist() and archive.getinfo(HEADER_NAME).file_size > HEADER_LIMIT:
        raise FileError(f"{path}: refused: {HEADER_NAME} has more than {HEADER_LIMIT} bytes")
    try:
        header = json.loads(read_member(archive, HEADER_NAME, path))
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: damaged: {HEADER_NAME} cannot be read: {reason(error)}") from error
    if type(header) is not dict or header.get("format") != FORMAT:
        raise FileError(f"{path}: no network file: its header does not say {FORMAT!r}")
    version = header.get("version")
    if type(version) is not int or version < 1:
        raise FileError(f"{path}: damaged: its header has no version")
    if version > VERSION:
        raise FileError(
            f"{path}: has version {version} of the format, this program reads up to {VERSION}; update it"
        )
    fields = {"kind": (str,), **SETTINGS, "arrays": (dict,), "provenance": (dict,)}
    odd = [name for name, types in fields.items() if type(header.get(name)) not in types]
    if odd:
        raise FileError(f"{path}: damaged: fields of its header are missing or of another type: {shown(odd)}")
    if header["kind"] not in ARRAYS:
        raise FileError(
            f"{path}: holds a network of kind {shown([header['kind']])}; known are {shown(ARRAYS)}"
        )
    odd = [name for name, described in header["arrays"].items() if not _is_description(described)]
    if odd:
        raise FileError(f"{path}: damaged: its header does not give shape, dtype and sha256 of {shown(odd)}")
    return header


def _is_description(described):
    if type(described) is not dict or type(described.get("shape")) is not list:
        return False
    lengths = all(type(length) is int and 0 <= length < 10**15 for length in described["shape"])
    return lengths and described.get("dtype") == _DTYPE and type(described.get("sha256")) is str


def _read_array(archive, name, shape, checksum, path):
    member = f"{name}.npy"
    contents = read_member(archive, member, path)
    start = len(_NPY_MAGIC) + 2
    end = start + int.from_bytes(contents[start - 2 : start], "little")
    found = _NPY_HEADER.fullmatch(contents[start:end])
    if not contents.startswith(_NPY_MAGIC) or not found:
        raise FileError(f"{path}: damaged: {member} does not begin like an array in C order")
    dtype = found[1].decode("latin-1").strip("'")
    if "O" in dtype:
        raise FileError(f"{path}: refused: {member} holds Python objects ({dtype!a}), which could run code")
    if dtype != _DTYPE:
        raise FileError(f"{path}: refused: {member} holds {dtype!a}; expected {_DTYPE}")
    written = tuple(int(length) for length in found[2].replace(b",", b" ").split())
    size = math.prod(shape) * 8
    if written != shape or len(contents) - end != size:
        raise FileError(
            f"{path}: damaged: {member} has shape {written} in {len(contents) - end} bytes; "
            f"expected {shape} in {size} bytes"
        )
    if hashlib.sha256(memoryview(contents)[end:]).hexdigest() != checksum:
        raise FileError(
            f"{path}: damaged: the checksum of {name} does not fit its entries; save or copy it again"
        )
    return np.frombuffer(contents, _DTYPE, offset=end).reshape(shape)


def _npy_header(shape):
    """The start of an .npy file of version 1.0, padded with blanks so that the entries stand at 64 bytes."""
    text = f"{{'descr': '{_DTYPE}', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
    padding = -(len(_NPY_MAGIC) + 2 + len(text) + 1) % 64
    text += b" " * padding + b"\n"
    return _NPY_MAGIC + len(text).to_bytes(2, "little") + text
