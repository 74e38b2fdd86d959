"""Members of the project's own files: arrays with checksums, and a JSON header that describes them.

Entries are float64, or float32 where the writer asked for half the size, little-endian in C order. The files
are uncompressed zip archives that `numpy.load` opens without pickle. Dates and rights are fixed, so the same
contents give the same bytes. On reading, the header is believed only where the bytes agree with it.
"""

import hashlib
import json
import math
import re
import zipfile
from types import MappingProxyType

import numpy as np

from rnn.archives import read_member, reason, shown
from tasks.errors import FileError

HEADER_NAME, HEADER_LIMIT = "header.json", 1024**2
# What reads the files of each format, for who gives one to another reader.
READERS = MappingProxyType(
    {
        "dynsys-rnn network": "rnn.load_network",
        "dynsys-rnn checkpoint": "rnn.load_checkpoint",
        "dynsys result": "dynsys.load_result",
        "dynsys branch": "dynsys.load_result",
        "dynsys cycle branch": "dynsys.load_result",
    }
)
# Bytes of an entry by the name of its type.
DTYPES = MappingProxyType({"<f8": 8, "<f4": 4})
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
# numpy evaluates this text as a Python literal; the few forms allowed here are read by pattern instead.
_NPY_HEADER = re.compile(
    rb"\{'descr': ([^:]{1,60}), 'fortran_order': False, 'shape': \(((?:[0-9]{1,15}(?:, |,)?){0,3})\), \} *\n"
)


def pack_arrays(arrays, dtype="<f8"):
    """Turn arrays into members, and what the header says about each.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Real arrays of up to three axes.
    dtype : {"<f8", "<f4"}
        Type of the entries in the file; in "<f4" they are rounded to float32.

    Returns
    -------
    described : dict of str to dict
        Shape, dtype and SHA-256 of each.
    members : dict of str to bytes
        Contents by member name.

    Examples
    --------
    >>> described, members = pack_arrays({"a": np.ones((2, 3))})
    >>> described["a"]["shape"], sorted(members)
    ((2, 3), ['a.npy'])
    """
    contents = {name: array.astype(dtype, order="C").tobytes() for name, array in arrays.items()}
    described = {
        name: {
            "shape": array.shape,
            "dtype": dtype,
            "sha256": hashlib.sha256(contents[name]).hexdigest(),
        }
        for name, array in arrays.items()
    }
    members = {
        f"{name}.npy": _npy_header(array.shape, dtype) + contents[name] for name, array in arrays.items()
    }
    return described, members


def write_members(file, members):
    """Write members as a zip archive whose bytes depend on nothing else.

    Parameters
    ----------
    file : binary file object
        Open for writing.
    members : dict of str to bytes
        As `pack_arrays` returns them, and a header.

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


def read_json_header(archive, path, formats, limit=HEADER_LIMIT):
    """Read a header of the project's formats: is it one of these, in a version this program knows?

    Parameters
    ----------
    archive, path
        The archive from `rnn.archives.open_archive`, and its path for errors.
    formats : dict of str to int
        Names of formats, and the highest version of each that this program reads.
    limit : int, default 1 MiB
        Largest size in bytes.

    Returns
    -------
    dict

    Raises
    ------
    FileError
        No header, another format, a newer version.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_members(file, {"header.json": b'{"format": "example", "version": 1}'})
    >>> read_json_header(zipfile.ZipFile(file), "example.npz", {"example": 1})["version"]
    1
    """
    if HEADER_NAME in archive.namelist() and archive.getinfo(HEADER_NAME).file_size > limit:
        raise FileError(f"{path}: refused: {HEADER_NAME} has more than {limit} bytes")
    try:
        header = json.loads(read_member(archive, HEADER_NAME, path))
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: damaged: {HEADER_NAME} cannot be read: {reason(error)}") from error
    format = header.get("format") if type(header) is dict else None
    if type(format) is not str or format not in formats:
        said = f", but {shown([format])}" if type(format) is str else ""
        said += f"; it is read by {READERS[format]}" if type(format) is str and format in READERS else ""
        raise FileError(
            f"{path}: no file of that kind: its header does not say {' or '.join(map(repr, formats))}{said}"
        )
    written, version = header.get("version"), formats[format]
    if type(written) is not int or written < 1:
        raise FileError(f"{path}: damaged: its header has no version")
    if written > version:
        raise FileError(
            f"{path}: has version {written} of the format, this program reads up to {version}; update it"
        )
    return header


def is_description(described):
    """Whether a header's entry gives shape, dtype and checksum of an array.

    Examples
    --------
    >>> is_description({"shape": [2], "dtype": "<f8", "sha256": ""}), is_description({"shape": 2})
    (True, False)
    """
    if type(described) is not dict or type(described.get("shape")) is not list:
        return False
    lengths = all(type(length) is int and 0 <= length < 10**15 for length in described["shape"])
    return lengths and described.get("dtype") in tuple(DTYPES) and type(described.get("sha256")) is str


def read_array(archive, name, described, path):
    """Read one array, checked against what the header says about it.

    Parameters
    ----------
    archive, path
        The archive from `rnn.archives.open_archive`, and its path for errors.
    name : str
        Name of the array.
    described : dict
        Its entry in the header, which `is_description` has accepted.

    Returns
    -------
    ndarray

    Raises
    ------
    FileError
        Another shape, another checksum, objects instead of numbers.

    Examples
    --------
    >>> import io
    >>> described, members = pack_arrays({"a": np.arange(3.0)})
    >>> file = io.BytesIO()
    >>> write_members(file, members)
    >>> read_array(zipfile.ZipFile(file), "a", described["a"], "example.npz")
    array([0., 1., 2.])
    """
    shape, checksum, member = tuple(described["shape"]), described["sha256"], f"{name}.npy"
    expected = described["dtype"]
    contents = read_member(archive, member, path)
    start = len(_NPY_MAGIC) + 2
    end = start + int.from_bytes(contents[start - 2 : start], "little")
    found = _NPY_HEADER.fullmatch(contents[start:end])
    if not contents.startswith(_NPY_MAGIC) or not found:
        raise FileError(f"{path}: damaged: {member} does not begin like an array in C order")
    dtype = found[1].decode("latin-1").strip("'")
    if "O" in dtype:
        raise FileError(f"{path}: refused: {member} holds Python objects ({dtype!a}), which could run code")
    if dtype != expected:
        raise FileError(f"{path}: refused: {member} holds {dtype!a}; expected {expected}")
    written = tuple(int(length) for length in found[2].replace(b",", b" ").split())
    size = math.prod(shape) * DTYPES[expected]
    if written != shape or len(contents) - end != size:
        raise FileError(
            f"{path}: damaged: {member} has shape {written} in {len(contents) - end} bytes; "
            f"expected {shape} in {size} bytes"
        )
    if hashlib.sha256(memoryview(contents)[end:]).hexdigest() != checksum:
        raise FileError(
            f"{path}: damaged: the checksum of {name} does not fit its entries; save or copy it again"
        )
    return np.frombuffer(contents, expected, offset=end).reshape(shape)


def read_arrays(archive, described, path):
    """Read all arrays of a file whose header describes each of its members.

    Parameters
    ----------
    archive, path
        As for `read_array`.
    described : dict of str to dict
        What the header says, checked here.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    FileError
        As `read_array`; members that the header does not know, or misses.

    Examples
    --------
    >>> import io
    >>> described, members = pack_arrays({"a": np.arange(3.0)})
    >>> described = json.loads(json.dumps(described))
    >>> file = io.BytesIO()
    >>> write_members(file, {HEADER_NAME: b"{}", **members})
    >>> read_arrays(zipfile.ZipFile(file), described, "example.npz")
    {'a': array([0., 1., 2.])}
    """
    if type(described) is not dict or not all(map(is_description, described.values())):
        raise FileError(f"{path}: damaged: its header does not give shape, dtype and sha256 of its arrays")
    odd = set(archive.namelist()) ^ {HEADER_NAME, *(f"{name}.npy" for name in described)}
    if odd:
        raise FileError(
            f"{path}: damaged: its header and its members disagree on {shown(sorted(odd))}; copy it again"
        )
    return {name: read_array(archive, name, entry, path) for name, entry in described.items()}


def _npy_header(shape, dtype):
    """The start of an .npy file of version 1.0, padded with blanks so that the entries stand at 64 bytes."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
    padding = -(len(_NPY_MAGIC) + 2 + len(text) + 1) % 64
    text += b" " * padding + b"\n"
    return _NPY_MAGIC + len(text).to_bytes(2, "little") + text
