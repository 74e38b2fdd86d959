"""Branches in files: the project's own container, with a JSON header and checked arrays (`rnn.members`)."""

import json
from pathlib import Path

import numpy as np

from dynsys.analysis.branch import Branch
from dynsys.analysis.cycle_branch import CycleBranch
from dynsys.analysis.cycle_branch_file import (
    CYCLE_ARRAYS,
    CYCLES,
    as_complex,
    as_real,
    pack_coefficients,
    pack_cycles,
    unpack_coefficients,
    unpack_cycles,
)
from dynsys.analysis.special_point import SpecialPoint
from rnn.archives import open_archive, shown
from rnn.members import HEADER_NAME, is_description, pack_arrays, read_array, read_json_header, write_members
from rnn.storage import atomic_write
from tasks.checks import check_kind
from tasks.errors import DynsysError, FileError, InputError, Status

FORMAT, VERSION = "dynsys branch", 1
_ARRAYS = ("values", "kappa", "eigenvalues", "stable", "tangents", "outputs")
_PLAIN = ("parameter", "message", "inputs", "state", "source")


def save_branch(branch, path):
    """Write a branch of fixed points or of cycles to an ``.npz`` file that `numpy.load` opens without pickle.

    Parameters
    ----------
    branch : Branch or CycleBranch
        The branch, whole or partial.
    path : str or path-like
        A name that ends in ``.npz``; a file of that name is replaced whole or left whole.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        No branch, another suffix, or a source that is not plain values.
    FileError
        The file cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> ends = (Status.REACHED_SPAN, Status.REACHED_SPAN)
    >>> p = np.linspace(0, 1, 3)
    >>> branch = Branch("mu", p, p[:, None], -np.ones((3, 1)), np.ones(3, bool), (), ends)
    >>> path = save_branch(branch, Path(tempfile.mkdtemp()) / "branch.npz")
    >>> load_branch(path).at(0.25)
    array([[0.25]])
    """
    if not isinstance(branch, CycleBranch):
        check_kind("branch", branch, Branch, "see continue_branch and continue_cycles")
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise InputError(f"path: branches are written as .npz files, got {str(path)!r}; choose such a name")
    if isinstance(branch, CycleBranch):
        format, (arrays, points) = CYCLES, pack_cycles(branch)
    else:
        format, arrays = FORMAT, {name: as_real(getattr(branch, name)) for name in _ARRAYS}
        points = [_packed(point) for point in branch.special_points]
    described, members = pack_arrays(arrays)
    header = {name: getattr(branch, name) for name in _PLAIN}
    header |= {
        "format": format, "version": VERSION, "arrays": described, "special_points": points,
        "ends": [end.name for end in branch.ends],
    }  # fmt: skip
    try:
        text = json.dumps(header, indent=1, sort_keys=True, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise InputError(f"branch: its source or inputs are no plain finite values: {error}") from error
    return atomic_write(path, lambda file: write_members(file, {HEADER_NAME: text, **members}))


def load_branch(path):
    """Read a branch that `save_branch` has written.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    Branch or CycleBranch

    Raises
    ------
    FileError
        Truncated, damaged, of another kind or newer than this program; nothing in it is run.

    Examples
    --------
    >>> load_branch("no-such-file.npz")
    Traceback (most recent call last):
    tasks.errors.FileError: no-such-file.npz: ...
    """
    with open_archive(path) as archive:
        header, names, assemble = _header(archive, path)
        described = header.get("arrays")
        if type(described) is not dict or sorted(described) != sorted(names):
            raise FileError(f"{path}: damaged: its header does not describe {shown(names)}")
        if not all(map(is_description, described.values())):
            raise FileError(
                f"{path}: damaged: its header does not give shape, dtype and sha256 of each array"
            )
        odd = set(archive.namelist()) ^ {HEADER_NAME, *(f"{name}.npy" for name in names)}
        if odd:
            raise FileError(f"{path}: damaged: its header and its members disagree on {shown(odd)}")
        arrays = {name: read_array(archive, name, described[name], path) for name in names}
    try:
        return assemble(header, arrays)
    except (DynsysError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise FileError(f"{path}: damaged: no branch can be made of it: {error}") from error


def _header(archive, path):
    """The header of either kind of branch, the names of its arrays, and what makes a branch of both."""
    if "orbits.npy" in archive.namelist():
        return read_json_header(archive, path, CYCLES, VERSION), CYCLE_ARRAYS, unpack_cycles
    return read_json_header(archive, path, FORMAT, VERSION), _ARRAYS, _assembled


def _assembled(header, arrays):
    count, rank = len(arrays["values"]), arrays["kappa"].shape[1]
    shapes = {
        "values": (count,), "kappa": (count, rank), "eigenvalues": (count, rank, 2), "stable": (count,),
        "tangents": (count, rank + 1), "outputs": (count, *arrays["outputs"].shape[1:]),
    }  # fmt: skip
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has the shape {arrays[name].shape}, expected {shape}")
    if len(header["state"]) != rank or len(header["ends"]) != 2:
        raise ValueError("its names or ends do not fit its arrays")
    arrays["eigenvalues"] = as_complex(arrays["eigenvalues"])
    arrays["stable"] = arrays["stable"] != 0
    points = tuple(_unpacked(entry, header["parameter"]) for entry in header["special_points"])
    ends = tuple(Status[name] for name in header["ends"])
    plain = {name: header[name] for name in ("message", "inputs", "source")}
    main = {name: arrays[name] for name in ("values", "kappa", "eigenvalues", "stable")}
    rest = {name: arrays[name] for name in ("tangents", "outputs")}
    return Branch(
        parameter=header["parameter"], **main, special_points=points, ends=ends, **rest,
        state=tuple(header["state"]), **plain,
    )  # fmt: skip


def _packed(point):
    return {
        "kind": point.kind, "value": point.value, "kappa": point.kappa.tolist(), "sentence": point.sentence,
        "coefficients": pack_coefficients(point.coefficients), "residual": point.residual,
        "eigenvalues": as_real(point.eigenvalues).tolist(), "directions": point.directions.tolist(),
    }  # fmt: skip


def _unpacked(entry, parameter):
    coefficients = unpack_coefficients(entry["coefficients"])
    eigenvalues = as_complex(np.array(entry["eigenvalues"], dtype=float).reshape(-1, 2))
    known = {name: entry[name] for name in ("kind", "value", "kappa", "sentence", "directions", "residual")}
    return SpecialPoint(parameter=parameter, coefficients=coefficients, eigenvalues=eigenvalues, **known)
