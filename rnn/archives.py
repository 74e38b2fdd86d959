"""Files that nobody vouches for: what they may claim is checked before a byte is unpacked.

A file is opened only if it is a regular file of bearable size. A zip archive is accepted only if its
directory is small, every member's name is a plain relative path, nothing is encrypted, no member unpacks
to more than its share, and all of them together stay below a limit. Members are never written to disk.
"""

import os
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import FileError

SIZE_LIMIT = 2 * 1024**3
ZIP_MAGIC = b"PK\x03\x04"
# A directory entry takes some 60 bytes on disk and ten times that in memory.
DIRECTORY_LIMIT = 16 * 1024**2
# Members below a megabyte may shrink as they like: a state of zeros packs a thousandfold.
RATIO_LIMIT, RATIO_FLOOR = 100, 1024**2
# The end of a zip file: record, then a comment of at most 65535 bytes; the 64-bit records stand before it.
_END, _LOCATOR, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_ENCRYPTED_OR_PATCHED = 0x1 | 0x20 | 0x40
# What zipfile is known to raise on damaged archives.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    RuntimeError,
    KeyError,
    OSError,
)


@contextmanager
def open_file(path, limit=SIZE_LIMIT):
    """Open a regular, not empty file for reading after checking its size.

    Parameters
    ----------
    path : str or path-like
        The file.
    limit : int, default 2 GiB
        Largest size in bytes.

    Yields
    ------
    file : binary file object
    size : int
        Bytes in the file.

    Raises
    ------
    FileError
        No such file, a folder, a pipe or device, empty, too large.

    Examples
    --------
    >>> with open_file("no_such_file.npz") as (file, size):
    ...     pass
    Traceback (most recent call last):
    tasks.errors.FileError: no_such_file.npz: cannot be opened: No such file or directory
    """
    path = Path(path)
    try:
        # Asked before opening, because opening a pipe would wait for a writer.
        kind = path.stat().st_mode
        file = open(path, "rb") if stat.S_ISREG(kind) else None
    except (OSError, ValueError) as error:
        raise FileError(f"{path}: cannot be opened: {getattr(error, 'strerror', None) or error}") from error
    if file is None:
        raise FileError(
            f"{path}: is {'a folder' if stat.S_ISDIR(kind) else 'no regular file'}; give the name of a file"
        )
    with file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise FileError(f"{path}: truncated: the file has 0 bytes; copy or save it again")
        if size > limit:
            raise FileError(
                f"{path}: {size} bytes are above the limit of {limit}; raise `limit` if you trust it"
            )
        yield file, size


@contextmanager
def open_archive(path, limit=SIZE_LIMIT):
    """Open a zip archive for reading, all that its directory claims having been checked.

    Parameters
    ----------
    path : str or path-like
        The archive.
    limit : int, default 2 GiB
        Largest size in bytes, of the file and of everything in it unpacked.

    Yields
    ------
    zipfile.ZipFile
        To be read by `read_member` only.

    Raises
    ------
    FileError
        Truncated or damaged; a zip bomb; overlapping, encrypted, duplicate or badly named members.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "hostile.zip"
    >>> with zipfile.ZipFile(path, "w") as archive:
    ...     archive.writestr("../../x", b"")
    >>> with open_archive(path) as archive:
    ...     pass
    Traceback (most recent call last):
    tasks.errors.FileError: ...hostile.zip: refused: the member '../../x' would leave its folder
    """
    with open_file(path, limit) as (file, size):
        _check_directory_size(file, size, path)
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGED as error:
            raise FileError(f"{path}: truncated or damaged: {size} bytes, {reason(error)}") from error
        with archive:
            _check_members(archive.infolist(), size, path, limit)
            yield archive


def read_member(archive, name, path):
    """Return the bytes of a member, its size and checksum having been checked.

    Parameters
    ----------
    archive : zipfile.ZipFile
        From `open_archive`.
    name : str
        The member.
    path : str or path-like
        The archive's path, for errors.

    Returns
    -------
    bytes

    Raises
    ------
    FileError
        No such member, or its contents do not fit its checksum.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "plain.zip"
    >>> with zipfile.ZipFile(path, "w") as archive:
    ...     archive.writestr("a", b"contents")
    >>> with open_archive(path) as archive:
    ...     read_member(archive, "a", path)
    b'contents'
    """
    try:
        size = archive.getinfo(name).file_size
    except KeyError:
        held = shown(archive.namelist())
        raise FileError(f"{path}: has no member {name!r}; it holds {held}") from None
    try:
        with archive.open(name) as member:
            contents = member.read(size)
            surplus = member.read(1)
    except _DAMAGED as error:
        raise FileError(f"{path}: {name} is damaged: {reason(error)}; copy or save the file again") from error
    if len(contents) != size or surplus:
        raise FileError(f"{path}: {name} is damaged: its size is not the {size} bytes declared")
    return contents


def shown(names, most=8):
    """Names from a file as an error may show them: quoted, escaped, short and few.

    Examples
    --------
    >>> shown(["m", "n"])
    "'m', 'n'"
    """
    names = list(names)
    text = ", ".join(ascii(name if len(name) <= 60 else name[:57] + "...") for name in names[:most])
    return text + (f" and {len(names) - most} more" if len(names) > most else "") if names else "nothing"


def reason(error):
    """What a library says of a damaged file, which may quote the file: escaped and short.

    Examples
    --------
    >>> len(reason(ValueError("name" * 1000)))
    200
    """
    return ascii(str(error))[1:-1][:200]


def _check_directory_size(file, size, path):
    """zipfile reads the whole directory at once: look at its size in both end records first."""
    tail_length = min(size, 22 + 65535 + 20 + 56)
    file.seek(size - tail_length)
    tail = file.read(tail_length)
    file.seek(0)
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + 22:
        raise FileError(f"{path}: truncated: {size} bytes and no end of the archive; copy or save it again")
    directory = struct.unpack_from("<I", tail, end + 12)[0]
    if end >= 76 and tail.startswith(_LOCATOR, end - 20):
        place = struct.unpack_from("<Q", tail, end - 20 + 8)[0]
        if place != size - tail_length + end - 76 or not tail.startswith(_END64, end - 76):
            raise FileError(
                f"{path}: truncated or damaged: {size} bytes, its 64-bit end record is not in place"
            )
        directory = struct.unpack_from("<Q", tail, end - 76 + 40)[0]
    if directory > min(size, DIRECTORY_LIMIT):
        raise FileError(f"{path}: refused: its directory claims {directory} bytes of {size}")


def _check_members(members, size, path, limit):
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise FileError(f"{path}: refused: it holds two members of the same name")
    for member in members:
        name = member.orig_filename
        if name.startswith("/") or ".." in name.split("/") or any(bad in name for bad in "\\:\0"):
            raise FileError(f"{path}: refused: the member {shown([name])} would leave its folder")
        if member.flag_bits & _ENCRYPTED_OR_PATCHED:
            raise FileError(f"{path}: refused: the member {shown([name])} is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileError(f"{path}: refused: {shown([name])} is packed by method {member.compress_type}")
        if member.file_size > max(RATIO_FLOOR, RATIO_LIMIT * member.compress_size):
            raise FileError(
                f"{path}: refused: the member {shown([name])} would grow from {member.compress_size} "
                f"to {member.file_size} bytes (a zip bomb)"
            )
    unpacked = sum(member.file_size for member in members)
    if unpacked > limit:
        raise FileError(f"{path}: refused: {unpacked} bytes unpacked are above the limit of {limit}")
    if sum(member.compress_size for member in members) > size:
        raise FileError(f"{path}: refused: its members overlap")
