"""Files are written whole or not at all: full disks, interrupts, kill -9, links and rights."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from problems import network

import rnn
from rnn import load_network, save_network
from rnn.storage import atomic_write, check_writable
from tasks import FileError

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")


def test_places_that_cannot_be_written_are_refused_up_front(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "file").touch()
    for path, message in (
        (tmp_path / "folder.npz", "is a folder"),
        (tmp_path / "none" / "net.npz", "its folder does not exist"),
        (tmp_path / "file" / "net.npz", "its folder does not exist"),
        ("/proc/net.npz", "cannot be written|does not exist"),  # not even root may
    ):
        with pytest.raises(FileError, match=message):
            check_writable(path)
        with pytest.raises(FileError, match=f"{message}|not written"):
            save_network(network(), path)
    assert check_writable(tmp_path / "net.npz") == tmp_path / "net.npz"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.npz"]


@POSIX
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(FileError, match="cannot be written"):
        check_writable(tmp_path / "net.npz")


@POSIX
def test_a_full_disk_leaves_the_old_file(tmp_path):
    """A limit on the size of files stands for the full disk: the kernel cuts the write off."""
    path = save_network(network(), tmp_path / "net.npz")
    old = path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(FileError, match=r"net.npz: not written: File too large; a file .* is unchanged"):
            save_network(network(units=200), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["net.npz"]
    assert load_network(save_network(network(units=200), path)).units == 200


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_is_full_at_the_last_moment(tmp_path, monkeypatch, call):
    path = save_network(network(), tmp_path / "net.npz")
    old = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(FileError, match="net.npz: not written: No space left on device"):
        save_network(network(seed=1), path)
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["net.npz"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_write_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("old")

    def write(file):
        file.write(b"half")
        raise error

    with pytest.raises(error):
        atomic_write(path, write)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["file"]


@POSIX
def test_links_and_rights_survive(tmp_path):
    (tmp_path / "real").mkdir()
    path = save_network(network(), tmp_path / "real" / "net.npz")
    path.chmod(0o640)
    link = tmp_path / "link.npz"
    link.symlink_to(path)
    save_network(network(seed=1), link)
    assert link.is_symlink() and load_network(path).hash == network(seed=1).hash
    assert path.stat().st_mode & 0o777 == 0o640


CHILD = """
import sys
import numpy as np
from rnn.networks import FullRankRNN
from rnn.storage import atomic_write, save_network

path, way = sys.argv[1:]
nets = [FullRankRNN(J=np.full((300, 300), value), I=np.zeros(300), w=np.ones(300)) for value in (1.0, 2.0)]
save_network(nets[0], path)

def stall(file):
    file.write(b"half of a network")
    file.flush()
    print("ready", flush=True)
    sys.stdin.read()

if way == "stalled":
    atomic_write(path, stall)
print("ready", flush=True)
while True:
    for net in nets:
        save_network(net, path)
"""


@POSIX
@pytest.mark.parametrize("way", ["stalled", 0.0, 0.013, 0.04, 0.1])
def test_killed_while_saving(tmp_path, way):
    """After kill -9 the file is the old network or the new one, whole."""
    path = tmp_path / "net.npz"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(way)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    with child:
        assert child.stdout.readline().strip() == b"ready"
        time.sleep(0.0 if way == "stalled" else way)
        child.send_signal(signal.SIGKILL)
    values = set(load_network(path).J.ravel())
    assert values in ({1.0}, {2.0})
    if way == "stalled":
        assert values == {1.0} and len(os.listdir(tmp_path)) == 2
        assert load_network(save_network(network(), path)).units == 6


KILLED = """
import os, signal, sys
from rnn.storage import atomic_write

def write(file):
    file.write(b"half of it")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

atomic_write(sys.argv[1], write)
"""


@POSIX
def test_what_a_killed_save_left_is_removed_by_a_later_one(tmp_path):
    path = save_network(network(), tmp_path / "net.npz")
    before = path.read_bytes()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=Path(rnn.__file__).parents[1])
    assert killed.returncode == -signal.SIGKILL and path.read_bytes() == before
    (left,) = set(tmp_path.iterdir()) - {path}
    save_network(network(), path)
    assert left.exists()  # somebody may be writing it
    os.utime(left, (time.time() - 4000,) * 2)
    save_network(network(), tmp_path / "other.npz")
    assert left.exists()  # of another target
    save_network(network(), path)
    assert {file.name for file in tmp_path.iterdir()} == {"net.npz", "other.npz"}


def test_old_files_that_only_look_alike_stay(tmp_path):
    digits = 32 * "a"
    names = [f".net.npz.{digits}.tmp.npz", f"net.npz.{digits}.tmp", f".net.npz.{digits[1:]}.tmp"]
    names += [".net.npz.tmp", f".net.npz.1.{digits}.tmp", f".netxnpz.{digits}.tmp"]
    for name in names:
        (tmp_path / name).write_text("mine")
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / f".net.npz.{digits}.tmp").mkdir()
    save_network(network(), tmp_path / "net.npz")
    assert {file.name for file in tmp_path.iterdir()} == {*names, f".net.npz.{digits}.tmp", "net.npz"}
