import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hostile import CONTAINERS, published, rezipped, torch_bytes

import rnn
from rnn import FullRankRNN, LowRankRNN, load_network, save_network
from rnn.storage import atomic_write, check_writable, read_header
from tasks import FileError, InputError

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")


def network(full=False, units=6, seed=0, **settings):
    rng = np.random.default_rng(seed)
    shared = {
        "I": rng.standard_normal((units, 2)),
        "w": rng.standard_normal(units),
        "h0": rng.standard_normal(units),
    }
    if full:
        return FullRankRNN(J=rng.standard_normal((units, units)), **shared, **settings)
    return LowRankRNN(*rng.standard_normal((2, units, 2)), **shared, **settings)


def changed(path, change):
    path.write_bytes(rezipped(path.read_bytes(), change))
    return path


@pytest.mark.parametrize("full", [False, True])
def test_networks_come_back_exactly(tmp_path, full):
    net = network(full, phi="erf", alpha=0.1, noise_std=0.1 + 1e-17)
    path = save_network(net, tmp_path / "net.npz")
    back = load_network(path)
    assert type(back) is type(net) and back.hash == net.hash
    assert load_network(str(path)).hash == net.hash


@pytest.mark.parametrize("full", [False, True])
def test_single_precision_takes_half_the_room_and_rounds(tmp_path, full):
    net = network(full, units=256)
    paths = [save_network(net, tmp_path / f"{t}.npz", {"seed": 1}, t) for t in ("float64", "float32")]
    assert paths[1].stat().st_size < 0.65 * paths[0].stat().st_size
    back = load_network(paths[1])
    for name in ("J", "I", "w", "h0") if full else ("m", "n", "I", "w", "h0"):
        assert np.array_equal(getattr(back, name), getattr(net, name).astype(np.float32))
        assert np.load(paths[1])[name].dtype == np.float32
    again = save_network(back, tmp_path / "again.npz", {"seed": 1}, "float32")
    assert again.read_bytes() == paths[1].read_bytes() and load_network(again).hash == back.hash
    # A program that knows no single precision still reads the files that have none.
    assert [read_header(path)["version"] for path in paths] == [1, 2]


def test_precision_that_cannot_be_kept_is_refused(tmp_path):
    net = LowRankRNN(*np.full((4, 3, 1), 1e39))
    with pytest.raises(InputError, match=r"float32 cannot hold an entry of 1e\+39; save it as float64"):
        save_network(net, tmp_path / "net.npz", dtype="float32")
    with pytest.raises(InputError, match="dtype.*'float16'; choose one of 'float64', 'float32'"):
        save_network(net, tmp_path / "net.npz", dtype="float16")
    assert not list(tmp_path.iterdir())


def test_given_settings_replace_stored_ones(tmp_path):
    path = save_network(network(alpha=0.1, phi="erf", noise_std=0.3), tmp_path / "net.npz")
    net = load_network(path, alpha=0.5, noise_std=0, phi="relu")
    assert (net.alpha, net.noise_std, net.phi) == (0.5, 0.0, "relu")
    with pytest.raises(InputError, match="net.npz: alpha: must be < 2"):
        load_network(path, alpha=3)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", ["net.pt", "net.npz", "net"])
def test_contents_decide_not_the_name(tmp_path, container, name):
    path = tmp_path / name
    path.write_bytes(torch_bytes(published(), container))
    net = load_network(path)
    assert (net.units, net.rank, net.alpha, net.noise_std, net.phi) == (12, 2, 0.2, 0.0, "tanh")
    assert load_network(path, alpha=0.1, noise_std=0.05, phi="erf").noise_std == 0.05
    own = save_network(net, tmp_path / "own.npz").rename(tmp_path / "own.pt")
    assert load_network(own).hash == net.hash


def test_the_same_network_gives_the_same_bytes(tmp_path):
    first = save_network(network(), tmp_path / "a.npz")
    second = save_network(network(), tmp_path / "b.npz")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_numpy_reads_the_arrays(tmp_path):
    net = network()
    with np.load(save_network(net, tmp_path / "net.npz"), allow_pickle=False) as file:
        for name in ("m", "n", "I", "w", "h0"):
            np.testing.assert_array_equal(file[name], getattr(net, name))


def test_provenance(tmp_path):
    path = save_network(network(), tmp_path / "net.npz", provenance={"task": "rdm", "seed": 3})
    header = read_header(path)
    assert header["provenance"] == {"task": "rdm", "seed": 3} and header["arrays"]["m"]["shape"] == [6, 2]


@pytest.mark.parametrize("percent", [0, 10, 50, 99])
def test_truncated_files_are_refused(tmp_path, percent):
    path = save_network(network(), tmp_path / "net.npz")
    length = path.stat().st_size * percent // 100
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileError, match="truncated") as refusal:
        load_network(path)
    assert str(path) in str(refusal.value) and f"{length} bytes" in str(refusal.value)


def test_a_flipped_bit_names_the_array(tmp_path):
    net = network()
    path = save_network(net, tmp_path / "net.npz")
    for name in ("m", "n", "I", "w", "h0"):
        raw = bytearray(path.read_bytes())
        raw[raw.index(getattr(net, name).tobytes()) + 5] ^= 16
        flipped = tmp_path / "flipped.npz"
        flipped.write_bytes(raw)
        with pytest.raises(FileError, match=f"{name}.npy is damaged"):
            load_network(flipped)


@pytest.mark.parametrize("name", ["m", "n", "I", "w", "h0"])
def test_an_array_changed_before_it_was_packed_is_named(tmp_path, name):
    entries = getattr(network(), name).tobytes()
    path = save_network(network(), tmp_path / "net.npz")

    def change(held):
        return {**held, f"{name}.npy": held[f"{name}.npy"].replace(entries, bytes(len(entries)))}

    with pytest.raises(FileError, match=f"the checksum of {name} does not fit"):
        load_network(changed(path, change))


def test_flipped_bits_never_change_a_network(tmp_path):
    net = network(units=3)
    whole = save_network(net, tmp_path / "net.npz").read_bytes()
    source, refused = random.Random(1), 0
    for _ in range(400):
        raw = bytearray(whole)
        raw[source.randrange(len(raw))] ^= 1 << source.randrange(8)
        (tmp_path / "flipped.npz").write_bytes(raw)
        try:
            assert load_network(tmp_path / "flipped.npz").hash == net.hash
        except (FileError, InputError):
            refused += 1
    assert refused > 200


class Attack:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_object_arrays_do_not_run(tmp_path):
    marker = tmp_path / "marker"
    hostile = tmp_path / "m.npy"
    np.save(hostile, np.array([Attack(f"touch {marker}")] * 12, object).reshape(6, 2), allow_pickle=True)
    np.load(hostile, allow_pickle=True)
    assert marker.exists(), "the attack is no attack"
    marker.unlink()
    path = save_network(network(), tmp_path / "net.npz")
    with pytest.raises(FileError, match=r"m.npy holds Python objects \('\|O'\), which could run code"):
        load_network(changed(path, lambda held: {**held, "m.npy": hostile.read_bytes()}))
    np.savez(tmp_path / "plain.npz", m=np.load(hostile, allow_pickle=True))
    marker.unlink()
    with pytest.raises(FileError, match="has no header.json beside 'm.npy': not written by save_network"):
        load_network(tmp_path / "plain.npz")
    assert not marker.exists()


@pytest.mark.parametrize(
    "contents", [b"", b"\x89HDF\r\n", b"hello, I am a text", b"PK\x05\x06" + bytes(18), b"PK"]
)
def test_other_files_are_refused(tmp_path, contents):
    path = tmp_path / "net.npz"
    path.write_bytes(contents)
    with pytest.raises(FileError, match="truncated"):
        load_network(path)


def test_an_archive_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "text.zip", "w") as archive:
        archive.writestr("a.txt", "")
    with pytest.raises(FileError, match="no PyTorch file: expected one member .* among 'a.txt'"):
        load_network(tmp_path / "text.zip")


def test_entries_that_are_not_finite_are_refused_naming_the_file(tmp_path):
    arrays = published()
    arrays["n"][3, 1] = np.nan
    path = tmp_path / "net.pt"
    path.write_bytes(torch_bytes(arrays, "zip"))
    with pytest.raises(
        InputError, match=r"net.pt: n: 1 of 24 entries is not finite, the first at index \(3, 1\)"
    ):
        load_network(path)


def test_files_above_the_limit(tmp_path):
    path = save_network(network(), tmp_path / "net.npz")
    with pytest.raises(FileError, match="above the limit of 1000"):
        load_network(path, limit=1000)


@pytest.mark.parametrize("name", ["net.pt", "net", "net.npy", ".npz"])
def test_the_suffix_says_what_is_written(tmp_path, name):
    with pytest.raises(InputError, match=r"networks are written as .npz files"):
        save_network(network(), tmp_path / name)
    with pytest.raises(InputError, match=r"a file's name, got LowRankRNN; save_network\(net, path\)"):
        save_network(tmp_path / "net.npz", network())
    with pytest.raises(InputError, match="net: expected LowRankRNN or FullRankRNN, got dict"):
        save_network({}, tmp_path / "net.npz")


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
