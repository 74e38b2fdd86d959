"""Networks in files: saving in the project's own format, loading all that can be read, replacing files whole.

Own files are `rnn.container`'s; PyTorch files are read by `rnn.pytorch` and understood by `rnn.state_dicts`.
"""

import contextlib
import os
import re
import shutil
import uuid
from pathlib import Path

import numpy as np

from rnn.archives import SIZE_LIMIT, ZIP_MAGIC, open_archive, open_file, shown
from rnn.container import ARRAYS, pack, unpack, unpack_header
from rnn.members import HEADER_NAME, write_members
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.pytorch import OLD_START, read_state_dict
from rnn.state_dicts import network_from_state_dict
from tasks.checks import choose
from tasks.errors import FileError, InputError

_KINDS = {"low-rank": LowRankRNN, "full-rank": FullRankRNN}
_DTYPES = {"float64": "<f8", "float32": "<f4"}
_SETTINGS = ("phi", "alpha", "noise_std")
# What a .pt file does not store.
_UNSTORED = {"phi": "tanh", "alpha": 0.2, "noise_std": 0.0}
# Seconds after which a temporary file that nobody writes to was left behind by a killed process.
_ABANDONED = 3600.0


def save_network(net, path, provenance=None, dtype="float64"):
    """Write a network to an `.npz` file of the project's own format.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The network.
    path : str or path-like
        File to write; its name ends in ``.npz``. A file of that name is replaced whole or left whole.
    provenance : dict, optional
        Where the network comes from, as plain values; see `read_header`.
    dtype : {"float64", "float32"}
        Precision of the stored entries. "float32" halves the file and rounds what it does not hold exactly,
        so that the network read from it may have another hash.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        Not a network, another suffix, provenance that is not plain.
    FileError
        The file cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> net = LowRankRNN(m=np.ones(4), n=np.ones(4), I=np.zeros(4), w=np.ones(4))
    >>> path = save_network(net, Path(tempfile.mkdtemp()) / "net.npz")
    >>> load_network(path).hash == net.hash
    True
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path: expected a file's name, got {type(path).__name__}; save_network(net, path)")
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise InputError(f"path: networks are written as .npz files, got {str(path)!r}; choose such a name")
    kind = next((kind for kind, cls in _KINDS.items() if isinstance(net, cls)), None)
    if kind is None:
        raise InputError(f"net: expected LowRankRNN or FullRankRNN, got {type(net).__name__}")
    choose("dtype", dtype, tuple(_DTYPES))
    settings = {name: getattr(net, name) for name in _SETTINGS}
    arrays = {name: getattr(net, name) for name in ARRAYS[kind]}
    largest = max(np.abs(array).max(initial=0.0) for array in arrays.values())
    if dtype == "float32" and largest > np.finfo(np.float32).max:
        raise InputError(f"dtype: float32 cannot hold an entry of {largest:.3g}; save it as float64")
    members = pack(kind, settings, arrays, {} if provenance is None else provenance, _DTYPES[dtype])
    return atomic_write(path, lambda file: write_members(file, members))


def load_network(path, alpha=None, noise_std=None, phi=None, limit=SIZE_LIMIT):
    """Read a network from a file of this project (`.npz`) or of PyTorch (`.pt`, a published state dict).

    What the file is, its contents say, not its name. A PyTorch file is read without PyTorch.

    Parameters
    ----------
    path : str or path-like
        The file.
    alpha, noise_std, phi : optional
        Take the place of the stored settings. A `.pt` file stores none; there they default to 0.2, 0 and
        "tanh".
    limit : int, default 2 GiB
        Largest size in bytes, packed and unpacked.

    Returns
    -------
    LowRankRNN or FullRankRNN

    Raises
    ------
    FileError
        Not a network file, truncated, damaged (naming the array), newer than this version of the project, or
        trying to run code.
    InputError
        The arrays do not make a network: names, shapes or entries.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> net = FullRankRNN(J=np.eye(4), I=np.zeros(4), w=np.ones(4), noise_std=0.05)
    >>> path = save_network(net, Path(tempfile.mkdtemp()) / "net.npz")
    >>> load_network(path), load_network(path, noise_std=0.0).noise_std
    (FullRankRNN(4 units, 1 input, 1 output, tanh, alpha 0.2, noise_std 0.05), 0.0)
    """
    given = {"alpha": alpha, "noise_std": noise_std, "phi": phi}
    given = {name: value for name, value in given.items() if value is not None}
    with open_file(path, limit) as (file, size):
        start = file.read(len(ZIP_MAGIC))
    if start != ZIP_MAGIC and not start.startswith(OLD_START):
        raise FileError(
            f"{path}: truncated or no network file: {size} bytes that begin with {start!r}; expected a .npz "
            "of save_network or a PyTorch .pt of torch.save(model.state_dict(), path)"
        )
    try:
        if start != ZIP_MAGIC:
            return network_from_state_dict(read_state_dict(path, limit), **_UNSTORED | given)
        with open_archive(path, limit) as archive:
            members = archive.namelist()
            if HEADER_NAME in members:
                kind, settings, arrays = unpack(archive, path)
                return _KINDS[kind](**arrays, **settings | given)
        if any(name.endswith(".npy") for name in members):
            raise FileError(
                f"{path}: has no {HEADER_NAME} beside {shown(members)}: not written by save_network; make a "
                "network of such arrays with LowRankRNN(m, n, I, w) or FullRankRNN(J, I, w)"
            )
        return network_from_state_dict(read_state_dict(path, limit), **_UNSTORED | given)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def read_header(path, limit=SIZE_LIMIT):
    """Read the header of a network file: its settings, the arrays' shapes and checksums, its provenance.

    Parameters
    ----------
    path : str or path-like
        A file of `save_network`.
    limit : int, default 2 GiB
        See `load_network`.

    Returns
    -------
    dict
        ``format``, ``version``, ``kind``, ``phi``, ``alpha``, ``noise_std``, ``arrays``, ``provenance``.

    Raises
    ------
    FileError
        As `load_network`.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> net = LowRankRNN(m=np.ones(4), n=np.ones(4), I=np.zeros(4), w=np.ones(4))
    >>> path = save_network(net, Path(tempfile.mkdtemp()) / "net.npz", provenance={"task": "rdm", "seed": 1})
    >>> read_header(path)["provenance"]
    {'seed': 1, 'task': 'rdm'}
    """
    with open_archive(path, limit) as archive:
        return unpack_header(archive, path)


def atomic_write(path, write):
    """Write a file whole or not at all: to a temporary file beside it, synchronised, then put in its place.

    Temporary files of the same target that a killed process left behind more than an hour ago are removed.

    Parameters
    ----------
    path : str or path-like
        File to write or replace. A link is followed.
    write : callable
        Called with a binary file object open for writing.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    FileError
        The folder cannot be written, or the disk is full; a file that was there is unchanged.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "note.txt"
    >>> atomic_write(path, lambda file: file.write(b"whole")).read_bytes()
    b'whole'
    """
    target = _checked_target(path)
    temporary = _temporary_beside(target)
    try:
        with open(temporary, "xb") as file:
            _remove_abandoned(target, os.fstat(file.fileno()).st_mtime)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        reason = error.strerror or error
        raise FileError(
            f"{path}: not written: {reason}; a file that was there is unchanged. Free some space or choose "
            "another folder"
        ) from error
    finally:
        # Gone already if the replacement took place.
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    _synchronise_folder(target.parent)
    return Path(path)


def check_writable(path):
    """Refuse a path that `atomic_write` could not write to, before long work is done for it.

    Parameters
    ----------
    path : str or path-like
        The file to be written later.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    FileError
        The path is a folder, or its folder does not exist or cannot be written.

    Examples
    --------
    >>> check_writable("/no/such/folder/net.npz")
    Traceback (most recent call last):
    tasks.errors.FileError: /no/such/folder/net.npz: its folder does not exist; make it first
    """
    temporary = _temporary_beside(_checked_target(path))
    try:
        # Trying is the only sure way: permission bits say nothing about read-only file systems or root.
        with open(temporary, "xb"):
            pass
        os.unlink(temporary)
    except OSError as error:
        raise FileError(f"{path}: its folder cannot be written: {error.strerror}; choose another") from error
    return Path(path)


def _checked_target(path):
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise FileError(f"{path}: is a folder; give the name of a file in it")
    if target.exists() and not target.is_file():
        raise FileError(f"{path}: is no regular file; choose another name")
    if not target.parent.is_dir():
        raise FileError(f"{path}: its folder does not exist; make it first")
    return target


def _temporary_beside(target):
    return target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex}.tmp")


def _remove_abandoned(target, now):
    """Remove old temporary files of this target; ``now`` is by the clock of the file system."""
    name = re.compile(re.escape(f".{target.name[:100]}.") + r"[0-9a-f]{32}\.tmp")
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if name.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):  # another process may have been faster
                    if now - entry.stat(follow_symlinks=False).st_mtime > _ABANDONED:
                        os.unlink(entry.path)


def _synchronise_folder(folder):
    # Without this a power cut may forget the new name. Not every system lets one open a folder.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
