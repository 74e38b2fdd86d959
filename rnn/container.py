"""The project's own network file, in bytes.

An uncompressed zip archive that `numpy.load` opens without pickle: a member per array (float64, or float32
if asked for, little-endian, C order) and ``header.json`` with the format's version, the settings, and the
shape, type and SHA-256 of each array. Dates and rights are fixed, so the same network gives the same bytes.
On reading, every claim is checked against every other before an array is made.
"""

import json

from rnn.archives import reason, shown
from rnn.members import (
    HEADER_LIMIT,
    HEADER_NAME,
    is_description,
    pack_arrays,
    read_array,
    read_json_header,
)
from rnn.state_dicts import check_lengths, check_names
from tasks.errors import FileError, InputError

FORMAT, VERSION = "dynsys-rnn network", 2  # since 2 entries may be float32
# The arrays of each kind of network with the letters of their axes.
ARRAYS = {
    "low-rank": {"m": "NR", "n": "NR", "I": "NS", "w": "NO", "h0": "N"},
    "full-rank": {"J": "NN", "I": "NS", "w": "NO", "h0": "N"},
}
SETTINGS = {"phi": (str,), "alpha": (float,), "noise_std": (float,)}


def pack(kind, settings, arrays, provenance, dtype="<f8"):
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
    dtype : {"<f8", "<f4"}
        Type of the entries; see `rnn.members.pack_arrays`.

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
    >>> import numpy as np
    >>> arrays = {"J": np.eye(2), "I": np.ones((2, 1)), "w": np.ones((2, 1)), "h0": np.zeros(2)}
    >>> sorted(pack("full-rank", {"phi": "tanh", "alpha": 0.2, "noise_std": 0.0}, arrays, {}))
    ['I.npy', 'J.npy', 'h0.npy', 'header.json', 'w.npy']
    """
    described, members = pack_arrays(arrays, dtype)
    header = {
        "format": FORMAT,
        "version": 1 if dtype == "<f8" else VERSION,
        "kind": kind,
        **settings,
        "arrays": described,
        "provenance": provenance,
    }
    try:
        text = json.dumps(header, indent=1, sort_keys=True, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"provenance: expected a dict of plain finite values: {reason(error)}") from error
    if type(provenance) is not dict or len(text) > HEADER_LIMIT:
        raise InputError(f"provenance: expected a dict that takes less than {HEADER_LIMIT} bytes")
    return {HEADER_NAME: text, **members}


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
    >>> import io, zipfile
    >>> import numpy as np
    >>> from rnn.members import write_members
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
    arrays = {name: read_array(archive, name, described[name], path) for name in axes}
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
    >>> import io, zipfile
    >>> import numpy as np
    >>> from rnn.members import write_members
    >>> file = io.BytesIO()
    >>> write_members(file, {"header.json": b'{"format": "dynsys-rnn network", "version": 99}'})
    >>> unpack_header(zipfile.ZipFile(file), "example.npz")
    Traceback (most recent call last):
    tasks.errors.FileError: example.npz: has version 99 of the format, this program reads up to 2; update it
    """
    header = read_json_header(archive, path, {FORMAT: VERSION})
    fields = {"kind": (str,), **SETTINGS, "arrays": (dict,), "provenance": (dict,)}
    odd = [name for name, types in fields.items() if type(header.get(name)) not in types]
    if odd:
        raise FileError(f"{path}: damaged: fields of its header are missing or of another type: {shown(odd)}")
    if header["kind"] not in ARRAYS:
        raise FileError(
            f"{path}: holds a network of kind {shown([header['kind']])}; known are {shown(ARRAYS)}"
        )
    odd = [name for name, described in header["arrays"].items() if not is_description(described)]
    if odd:
        raise FileError(f"{path}: damaged: its header does not give shape, dtype and sha256 of {shown(odd)}")
    return header
