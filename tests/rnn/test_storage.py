import os
import random
import zipfile

import numpy as np
import pytest
from hostile import CONTAINERS, published, rezipped, torch_bytes
from problems import network

from rnn import LowRankRNN, load_network, save_network
from rnn.storage import read_header
from tasks import FileError, InputError


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
