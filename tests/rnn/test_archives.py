import struct
import zipfile

import pytest

from rnn import archives
from rnn.archives import open_archive, open_file, read_member, shown
from tasks import FileError


def zipped(folder, members, pack=zipfile.ZIP_STORED):
    path = folder / "file.zip"
    with zipfile.ZipFile(path, "w", pack) as archive:
        for name, contents in members:
            archive.writestr(name, contents)
    return path


def refusal(path, **options):
    with pytest.raises(FileError) as caught, open_archive(path, **options) as archive:
        for name in archive.namelist():
            read_member(archive, name, path)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def changed(path, old, new, which=-1):
    """Replace bytes in place: the last occurrence stands in the directory, the first in the local header."""
    raw = path.read_bytes()
    place = raw.rindex(old) if which == -1 else raw.index(old)
    path.write_bytes(raw[:place] + new + raw[place + len(new) :])
    return path


@pytest.mark.parametrize("pack", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_come_back(tmp_path, pack):
    members = [("a", b"first" * 100), ("b/c", b""), ("d", bytes(10**6))]
    path = zipped(tmp_path, members, pack)
    with open_archive(path) as archive:
        assert [(name, read_member(archive, name, path)) for name in archive.namelist()] == members
        with pytest.raises(FileError, match="has no member 'e'; it holds 'a', 'b/c', 'd'"):
            read_member(archive, "e", path)


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/../../x", "..", "c:x", "a\\..\\x"])
def test_names_that_leave_their_folder(tmp_path, name):
    assert "would leave its folder" in refusal(zipped(tmp_path, [("a", b""), (name, b"x")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names(tmp_path):
    assert "two members of the same name" in refusal(zipped(tmp_path, [("a", b"1"), ("a", b"2")]))


def test_zip_bombs(tmp_path):
    path = zipped(tmp_path, [("bomb", bytes(20 * 2**20))], zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**5
    assert "zip bomb" in refusal(path)
    # A directory that tells less than the member holds.
    path = zipped(tmp_path, [("bomb", bytes(20 * 2**20))], zipfile.ZIP_DEFLATED)
    size = struct.pack("<I", 20 * 2**20)
    assert "bomb is damaged" in refusal(changed(path, size, struct.pack("<I", 1000)))


def test_declared_sizes_are_held_against_the_limit(tmp_path):
    path = zipped(tmp_path, [("a", bytes(600)), ("b", bytes(600))], zipfile.ZIP_DEFLATED)
    with open_archive(path, limit=1200):
        pass
    assert "1200 bytes unpacked are above the limit of 1199" in refusal(path, limit=1199)
    assert "are above the limit of 10; raise `limit`" in refusal(path, limit=10)
    path = zipped(tmp_path, [("a", b"x" * 77)])
    huge = struct.pack("<I", 2**32 - 2)
    changed(path, struct.pack("<II", 77, 77), huge + huge)
    assert "unpacked are above the limit" in refusal(path)
    assert "overlap" in refusal(path, limit=2**33)


def test_overlapping_members(tmp_path):
    path = zipped(tmp_path, [("a", b"x" * 50), ("b", b"y" * 50)])
    # Both directory entries claim more than there is room for.
    raw = path.read_bytes().replace(struct.pack("<II", 50, 50), struct.pack("<II", 250, 250))
    path.write_bytes(raw)
    assert "overlap" in refusal(path)


def test_encryption_and_other_packing(tmp_path):
    path = zipped(tmp_path, [("a", b"x")])
    entry = path.read_bytes().rindex(b"PK\x01\x02")
    for offset, value, message in ((8, 1, "is encrypted"), (10, 12, "is packed by method 12")):
        raw = bytearray(path.read_bytes())
        raw[entry + offset] = value
        other = tmp_path / "other.zip"
        other.write_bytes(raw)
        assert message in refusal(other)


def test_a_huge_directory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = zipped(tmp_path, [(f"member{index}", b"") for index in range(100)])
    monkeypatch.setattr(archives, "DIRECTORY_LIMIT", 1000)
    assert "its directory claims" in refusal(path)


def test_flipped_bits_in_contents(tmp_path):
    path = zipped(tmp_path, [("a", b"some contents")])
    assert "a is damaged: Bad CRC-32" in refusal(changed(path, b"contents", b"contentz"))


@pytest.mark.parametrize("percent", [0, 10, 50, 99])
def test_truncated(tmp_path, percent):
    path = zipped(tmp_path, [("a", bytes(1000))])
    length = path.stat().st_size * percent // 100
    path.write_bytes(path.read_bytes()[:length])
    assert "truncated" in refusal(path) and f"{length} bytes" in refusal(path)


def test_archives_of_more_than_65535_members_have_64_bit_records(tmp_path):
    path = zipped(tmp_path, [(str(index), b"") for index in range(65_600)])
    with open_archive(path) as archive:
        assert len(archive.namelist()) == 65_600
    raw = path.read_bytes()
    record = raw.rindex(b"PK\x06\x06")
    path.write_bytes(raw[: record + 40] + struct.pack("<Q", 2**40) + raw[record + 48 :])
    assert "its directory claims 1099511627776 bytes" in refusal(path)
    path.write_bytes(raw[:record] + b"XX" + raw[record + 2 :])
    assert "64-bit end record is not in place" in refusal(path)


def test_files_that_are_none(tmp_path):
    empty = tmp_path / "empty"
    empty.touch()
    for path, message in ((empty, "0 bytes"), (tmp_path, "a folder"), (tmp_path / "none", "No such file")):
        with pytest.raises(FileError, match=message), open_file(path):
            pass


def test_names_in_errors_are_short_and_escaped():
    assert shown([]) == "nothing"
    assert shown(["a\x1b", "b" * 100]) == r"'a\x1b', '" + "b" * 57 + "...'"
    assert shown(map(str, range(10)), most=2) == "'0', '1' and 8 more"
