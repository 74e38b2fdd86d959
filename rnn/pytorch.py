"""PyTorch state dicts, read without PyTorch.

Two containers hold the same things, a pickle that describes tensors as views of storages, and the storages:
the old one (before PyTorch 1.6) is a row of pickles followed by the raw storages, the new one a zip archive.
The pickle is read by `rnn.unpickler`, which runs nothing; each view is checked against its storage here.
The old container has no checksums, so a changed weight can pass: no more than structure and sizes can be
checked. What the arrays mean is the subject of `rnn.state_dicts`.
"""

import io
import math

import numpy as np

from rnn.archives import SIZE_LIMIT, ZIP_MAGIC, open_archive, open_file, read_member, shown
from rnn.tensors import TensorRecord
from rnn.unpickler import unpickle
from tasks.errors import FileError

PICKLE_LIMIT = 16 * 1024**2
AXES_LIMIT = 32
# The old container begins with a pickle of protocol 2 or later, of this number.
OLD_START = b"\x80"
_OLD_MAGIC, _OLD_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def read_state_dict(path, limit=SIZE_LIMIT):
    """Read the arrays of a PyTorch state dict (`.pt`, `.pth`) without PyTorch.

    Parameters
    ----------
    path : str or path-like
        File in the old or the zip container, saved on any device. A dict that holds exactly one state dict,
        such as ``{"state_dict": ..., "epoch": 3}``, is taken as that state dict.
    limit : int, default 2 GiB
        Largest size in bytes, of the file and of all arrays together.

    Returns
    -------
    dict of str to ndarray
        Read-only arrays of the stored type; bfloat16 becomes float32, which holds it exactly.

    Raises
    ------
    FileError
        Truncated or damaged, a global that a state dict does not need, a tensor outside its storage, above
        the limit, or no state dict in it.

    Examples
    --------
    >>> read_state_dict("no_such_file.pt")
    Traceback (most recent call last):
    tasks.errors.FileError: no_such_file.pt: cannot be opened: No such file or directory
    """
    with open_file(path, limit) as (file, size):
        start = file.read(len(ZIP_MAGIC))
        file.seek(0)
        if start.startswith(OLD_START):
            return _read_old(file, size, path, limit)
    if start != ZIP_MAGIC:
        raise FileError(
            f"{path}: truncated or no PyTorch file: {size} bytes that begin with {start!r}; "
            "expected what torch.save(model.state_dict(), path) writes"
        )
    with open_archive(path, limit) as archive:
        return _read_zip(archive, path, limit)


def _read_zip(archive, path, limit):
    names = archive.namelist()
    roots = [name.removesuffix("data.pkl") for name in names if name.split("/")[1:] == ["data.pkl"]]
    if len(roots) != 1:
        raise FileError(
            f"{path}: is a zip archive but no PyTorch file: expected one member NAME/data.pkl, "
            f"found {len(roots)} among {shown(names)}"
        )
    root = roots[0]
    if archive.getinfo(root + "data.pkl").file_size > PICKLE_LIMIT:
        raise FileError(f"{path}: refused: data.pkl has more than {PICKLE_LIMIT} bytes")
    program = io.BytesIO(read_member(archive, root + "data.pkl", path))
    tree, _ = unpickle(program, f"{path}: data.pkl")
    order = read_member(archive, root + "byteorder", path) if root + "byteorder" in names else b"little"
    if order not in (b"little", b"big"):
        raise FileError(f"{path}: the byte order is {order[:20]!r}; expected little or big")
    tensors = _state_dict_in(tree, path)
    _check_views(tensors, path, limit)
    storages = {}
    for storage in _storages_of(tensors):
        raw = read_member(archive, f"{root}data/{storage.key}", path)
        if len(raw) != _bytes_in(storage):
            raise FileError(
                f"{path}: damaged: data/{storage.key} has {len(raw)} bytes, expected {_bytes_in(storage)}"
            )
        storages[storage.key] = _decode(raw, storage.dtype, ">" if order == b"big" else "<")
    return _arrays(tensors, storages)


def _read_old(file, size, path, limit):
    where = f"{path} ({size} bytes)"
    head = io.BytesIO(file.read(min(size, PICKLE_LIMIT)))
    magic, _ = unpickle(head, where)
    if type(magic) is not int or magic != _OLD_MAGIC:
        raise FileError(f"{path}: is a pickle but no PyTorch file; save model.state_dict() with torch.save")
    protocol, _ = unpickle(head, where)
    if type(protocol) is not int or protocol != _OLD_PROTOCOL:
        raise FileError(f"{path}: damaged: the container's protocol is not {_OLD_PROTOCOL}")
    unpickle(
        head, where
    )  # the sizes of C types on the machine that wrote it; storages are little-endian always
    tree, known = unpickle(head, where)
    keys, _ = unpickle(head, where)
    if type(keys) is not list or any(type(key) is not str for key in keys) or sorted(keys) != sorted(known):
        raise FileError(f"{path}: damaged: the list of storages does not fit the tensors")
    tensors = _state_dict_in(tree, path)
    _check_views(tensors, path, limit)
    wanted = {storage.key for storage in _storages_of(tensors)}
    file.seek(head.tell())
    storages = {}
    for storage in (known[key] for key in keys):
        declared = file.read(8)
        left = size - file.tell()
        if len(declared) < 8 or _bytes_in(storage) > left:
            raise FileError(f"{path}: truncated: {size} bytes end inside the storage {shown([storage.key])}")
        if int.from_bytes(declared, "little", signed=True) != storage.count:
            raise FileError(
                f"{path}: damaged: the storage {shown([storage.key])} has another size than its tensors"
            )
        if storage.key in wanted:
            storages[storage.key] = _decode(file.read(_bytes_in(storage)), storage.dtype, "<")
        else:
            file.seek(_bytes_in(storage), io.SEEK_CUR)
    if file.tell() != size:
        raise FileError(f"{path}: damaged: {size - file.tell()} bytes follow the last storage")
    return _arrays(tensors, storages)


def _state_dict_in(tree, path):
    """The one dict of tensors in what the pickle holds."""
    if type(tree) is not dict:
        raise FileError(
            f"{path}: holds a {_kind(tree)}; expected a state dict, torch.save(model.state_dict(), path)"
        )
    inner = {name: value for name, value in tree.items() if _all_tensors(value)}
    if _all_tensors(tree):
        found = tree
    elif len(inner) == 1:
        found = next(iter(inner.values()))
    else:
        listed = shown(f"{name}: {_kind(value)}" for name, value in tree.items())
        raise FileError(
            f"{path}: {len(inner)} state dicts found, expected one; the file holds {listed}; "
            "save the wanted one alone with torch.save(model.state_dict(), path)"
        )
    if any(type(name) is not str for name in found):
        raise FileError(f"{path}: expected names of arrays, found the number {next(iter(found))}")
    return found


def _all_tensors(value):
    return type(value) is dict and bool(value) and all(type(item) is TensorRecord for item in value.values())


def _kind(value):
    return "tensor" if type(value) is TensorRecord else type(value).__name__


def _check_views(tensors, path, limit):
    """Refuse tensors that reach outside their storage or that would grow in memory."""
    total = 0
    for name, tensor in tensors.items():
        shape, strides, count = tensor.shape, tensor.strides, tensor.storage.count
        where = f"{path}: refused: {shown([name])}"
        if len(shape) != len(strides) or len(shape) > AXES_LIMIT:
            raise FileError(f"{where} has {len(shape)} lengths and {len(strides)} strides")
        if min((0, tensor.offset, *shape, *strides)) < 0:
            raise FileError(f"{where} has a negative offset, length or stride")
        # An empty tensor may not have huge lengths beside its zero either: numpy multiplies them.
        entries, extent = math.prod(shape), math.prod(length or 1 for length in shape)
        last = tensor.offset + sum((length - 1) * stride for length, stride in zip(shape, strides))
        if (last >= count) if entries else (tensor.offset > count):
            raise FileError(f"{where} reaches to entry {last} of a storage of {count} entries")
        if extent > max(count, 1) and (entries or extent > limit):
            raise FileError(f"{where} repeats {count} entries to {extent}; save a copy, tensor.contiguous()")
        total += entries * np.dtype(_ARRAY_TYPES[tensor.storage.dtype]).itemsize
    if total > limit:
        raise FileError(f"{path}: refused: its arrays of {total} bytes are above the limit of {limit}")


# bfloat16 is the upper half of a float32.
_ARRAY_TYPES = {name: name for name in ("float64", "float32", "float16", "int64", "int32", "int16", "int8")}
_ARRAY_TYPES |= {"uint8": "uint8", "bool": "bool", "bfloat16": "float32"}


def _bytes_in(storage):
    return storage.count * (2 if storage.dtype == "bfloat16" else np.dtype(storage.dtype).itemsize)


def _storages_of(tensors):
    return {tensor.storage.key: tensor.storage for tensor in tensors.values()}.values()


def _decode(raw, dtype, order):
    if dtype == "bfloat16":
        return (np.frombuffer(raw, order + "u2").astype(np.uint32) << 16).view(np.float32)
    if dtype == "bool":
        return np.frombuffer(raw, np.uint8) != 0
    return np.frombuffer(raw, np.dtype(dtype).newbyteorder(order)).astype(dtype)


def _arrays(tensors, storages):
    arrays = {}
    for name, tensor in tensors.items():
        entries = storages[tensor.storage.key]
        if math.prod(tensor.shape) == 0:
            array = np.empty(tensor.shape, entries.dtype)
        else:
            # The stride of an axis of length one is never used and may be any number.
            steps = [
                stride * (length > 1) * entries.itemsize
                for stride, length in zip(tensor.strides, tensor.shape)
            ]
            array = np.lib.stride_tricks.as_strided(entries[tensor.offset :], tensor.shape, steps)
        arrays[name] = np.array(array, order="C", copy=True)
        arrays[name].setflags(write=False)
    return arrays
