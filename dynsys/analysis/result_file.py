"""Branches, curves and diagrams in files: the project's own container (`rnn.members`), one form for all.

The header is JSON: format, version, kind, what the arrays are, and the result's fields
(`dynsys.analysis.result_kinds`). Nothing in a file is run, and it is believed only where its parts agree.
"""

import json
import os
from pathlib import Path

from dynsys.analysis.old_branches import OLD_FORMATS, as_result
from dynsys.analysis.result_forms import Place, Shelf
from dynsys.analysis.result_kinds import KINDS
from rnn.archives import SIZE_LIMIT, open_archive, reason, shown
from rnn.members import HEADER_NAME, pack_arrays, read_arrays, read_json_header, write_members
from rnn.storage import atomic_write
from tasks.errors import DynsysError, FileError, InputError

FORMAT, VERSION = "dynsys result", 1
# Bytes of the header, which holds all texts: a thousand special points take one megabyte.
TEXT_LIMIT = 64 * 1024**2
_ODD = (DynsysError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def save_result(result, path):
    """Write a branch, a curve or a diagram to an ``.npz`` file, of which `load_result` makes the same again.

    The arrays are named by their place ("kappa", "branches/0/kappa") and `numpy.load` opens them without
    pickle; complex numbers are pairs along a last axis.

    Parameters
    ----------
    result : Branch, CycleBranch, BifurcationCurve, BifurcationDiagram or TwoParameterDiagram
        The result, whole or partial.
    path : str or path-like
        A name that ends in ``.npz``; a file of that name is replaced whole or left whole.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        No such result, another suffix, fields that do not fit each other, or a source that is not plain.
    FileError
        The file cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dynsys.analysis import Branch
    >>> from tasks import Status
    >>> ends = (Status.REACHED_SPAN, Status.REACHED_SPAN)
    >>> p = np.linspace(0, 1, 3)
    >>> branch = Branch("mu", p, p[:, None], -np.ones((3, 1)), np.ones(3, bool), (), ends)
    >>> path = save_result(branch, Path(tempfile.mkdtemp()) / "branch.npz")
    >>> load_result(path).at(0.25)
    array([[0.25]])
    """
    kind = next((name for name, (cls, _) in KINDS.items() if isinstance(result, cls)), None)
    if kind is None:
        raise InputError(
            f"result: expected {' or '.join(KINDS)}, got {type(result).__name__}; "
            "see bifurcation_diagram, continue_curve and their like"
        )
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path: expected the name of a file, got {type(path).__name__}")
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise InputError(f"path: results are written as .npz files, got {str(path)!r}; choose such a name")
    shelf = Shelf()
    try:
        fields = KINDS[kind][1].pack(result, Place(shelf, "", {}))
        described, members = pack_arrays(shelf.all_arrays())
        header = {"format": FORMAT, "version": VERSION, "kind": kind, "arrays": described, "result": fields}
        text = json.dumps(header, allow_nan=False).encode()
    except _ODD as error:
        raise InputError(f"result: this {kind} cannot be kept in a file: {reason(error)}") from error
    if len(text) > TEXT_LIMIT:
        raise InputError(f"result: its texts take {len(text)} bytes, above the limit of {TEXT_LIMIT}")
    return atomic_write(path, lambda file: write_members(file, {HEADER_NAME: text, **members}))


def load_result(path, limit=SIZE_LIMIT):
    """Read a branch, a curve or a diagram that `save_result` has written; what it is, the file says.

    Parameters
    ----------
    path : str or path-like
        The file.
    limit : int, default 2 GiB
        Largest size in bytes.

    Returns
    -------
    Branch, CycleBranch, BifurcationCurve, BifurcationDiagram or TwoParameterDiagram

    Raises
    ------
    FileError
        Truncated, damaged, of another kind or newer than this program; nothing in it is run.

    Examples
    --------
    >>> load_result("no-such-file.npz")
    Traceback (most recent call last):
    tasks.errors.FileError: no-such-file.npz: ...
    """
    with open_archive(path, limit) as archive:
        header = read_json_header(archive, path, {FORMAT: VERSION, **OLD_FORMATS}, TEXT_LIMIT)
        arrays = read_arrays(archive, header.get("arrays"), path)
    try:
        if header["format"] in OLD_FORMATS:
            header, arrays = as_result(header, arrays)
        shelf, (_, form) = Shelf(arrays), KINDS[header["kind"]]
        result = form.unpack(header["result"], Place(shelf, "", {}))
        if shelf.rows or shelf.left:
            raise ValueError(f"nothing of it has {shown(shelf.rows) if shelf.rows else 'all its numbers'}")
        return result
    except _ODD as error:
        raise FileError(f"{path}: damaged: no result can be made of it: {reason(error)}") from error
