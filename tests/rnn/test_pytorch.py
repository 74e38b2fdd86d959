"""PyTorch files without PyTorch: what is read, what is refused. The writer in `hostile` was checked against
torch 2.13, which loads what it makes."""

import io
import os
import pickle
import random
import tracemalloc
import zipfile

import numpy as np
import pytest
from hostile import (
    CONTAINERS,
    EMPTY_ORDERED,
    named,
    number,
    old_container,
    ordered,
    parameter,
    program,
    published,
    rezipped,
    run_command,
    state_dict,
    storage,
    tensor,
    text,
    torch_bytes,
    zip_container,
)

from rnn import load_network
from rnn.pytorch import read_state_dict
from tasks import FileError, InputError

BOTH = pytest.mark.parametrize("container", CONTAINERS)
TWELVE = np.arange(12, dtype=np.float32)


def written(folder, contents, name="net.pt"):
    path = folder / name
    path.write_bytes(contents)
    return path


def viewed(container, offset, shape, strides, count=12):
    """A file with one tensor, a view of a storage of twelve numbers that claims to hold `count`."""
    stored = storage("0", "FloatStorage", count, end=b"N" if container == "old" else b"")
    return CONTAINERS[container](
        ordered({"m": tensor(stored, offset, shape, strides)}), {"0": (count, TWELVE.tobytes())}
    )


@BOTH
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_arrays_come_back_from_both_containers(tmp_path, container, device):
    arrays = published()
    read = read_state_dict(written(tmp_path, torch_bytes(arrays, container, device=device)))
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype and not read[name].flags.writeable


@BOTH
@pytest.mark.parametrize("dtype", "float64 float32 float16 int64 int32 int16 int8 uint8 bool".split())
def test_every_type_of_number(tmp_path, container, dtype):
    values = np.array([[0, 1, 2], [3, 100, 127]]).astype(dtype)
    read = read_state_dict(written(tmp_path, torch_bytes({"m": values}, container)))["m"]
    np.testing.assert_array_equal(read, values)
    assert read.dtype == dtype


@BOTH
def test_bfloat16_is_the_upper_half_of_float32(tmp_path, container):
    values = np.array([0.0, 1.0, -2.5, 3.140625], np.float32)  # all have at most 8 significant bits
    halves = (values.view(np.uint32) >> 16).astype(np.uint16)
    made = torch_bytes({"m": halves}, container, kinds={"m": "BFloat16Storage"})
    np.testing.assert_array_equal(read_state_dict(written(tmp_path, made))["m"], values)


def test_byte_order_is_obeyed(tmp_path):
    values = np.array([1.0, -2.0, 1e-3])
    for order, letter in ((b"big", ">"), (b"little", "<"), (None, "<")):
        body, storages = state_dict({"m": values.astype(letter + "f8")})
        path = written(tmp_path, zip_container(body, storages, byteorder=order))
        np.testing.assert_array_equal(read_state_dict(path)["m"], values)
    with pytest.raises(FileError, match="expected little or big"):
        read_state_dict(written(tmp_path, zip_container(body, storages, byteorder=b"middle")))


@BOTH
@pytest.mark.parametrize(
    "offset, shape, strides, expected",
    [
        (0, (3, 4), (4, 1), TWELVE.reshape(3, 4)),
        (0, (4, 3), (1, 4), TWELVE.reshape(3, 4).T),
        (1, (2, 2), (6, 3), [[1, 4], [7, 10]]),
        (11, (), (), 11),
        (11, (1, 1), (2**70, 0), [[11]]),
        (12, (0, 4), (4, 1), np.zeros((0, 4))),
    ],
)
def test_views_of_a_storage(tmp_path, container, offset, shape, strides, expected):
    path = written(tmp_path, viewed(container, offset, shape, strides))
    np.testing.assert_array_equal(read_state_dict(path)["m"], expected)


@BOTH
@pytest.mark.parametrize(
    "offset, shape, strides, message",
    [
        (0, (13,), (1,), "'m' reaches to entry 12 of a storage of 12"),
        (5, (3, 4), (4, 1), "'m' reaches to entry 16"),
        (13, (0,), (1,), "'m' reaches"),
        (0, (2, 2), (2**62, 1), "'m' reaches to entry"),
        (2**63, (2,), (1,), "'m' reaches to entry"),
        (-1, (2,), (1,), "negative offset, length or stride"),
        (3, (2,), (-1,), "negative offset, length or stride"),
        (0, (-2, -2), (1, 1), "negative offset, length or stride"),
        (0, (10**12,), (0,), "'m' repeats 12 entries to 1000000000000"),
        (0, (0, 2**40, 2**40), (1, 1, 1), "'m' repeats"),
        (0, (2, 2), (1,), "2 lengths and 1 strides"),
        (0, (1,) * 40, (1,) * 40, "40 lengths"),
    ],
)
def test_views_outside_their_storage_are_refused(tmp_path, container, offset, shape, strides, message):
    with pytest.raises(FileError, match=message):
        read_state_dict(written(tmp_path, viewed(container, offset, shape, strides)))


@BOTH
def test_huge_declared_storages_are_refused_before_allocating(tmp_path, container):
    path = written(tmp_path, viewed(container, 0, (10**12,), (1,), count=10**12))
    tracemalloc.start()
    with pytest.raises(FileError, match="truncated|damaged: data/0 has 48 bytes"):
        read_state_dict(path, limit=10**14)
    with pytest.raises(FileError, match=r"its arrays of 4000000000000 bytes are above the limit"):
        read_state_dict(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 10**6


@BOTH
def test_many_views_of_one_storage_count_against_the_limit(tmp_path, container):
    stored = storage("0", "FloatStorage", 12, end=b"N" if container == "old" else b"")
    views = {f"m{index}": tensor(stored, 0, (12,), (1,)) for index in range(300)}
    path = written(tmp_path, CONTAINERS[container](ordered(views), {"0": (12, TWELVE.tobytes())}))
    assert len(read_state_dict(path, limit=100_000)) == 300
    with pytest.raises(FileError, match="above the limit"):
        read_state_dict(path, limit=max(path.stat().st_size // 2, 14_000))


@BOTH
def test_parameters_and_wrapped_state_dicts(tmp_path, container):
    end = b"N" if container == "old" else b""
    made = tensor(storage("0", "FloatStorage", 12, end=end), 0, (3, 4), (4, 1))
    storages = {"0": (12, TWELVE.tobytes())}
    inside = ordered({"m": parameter(made)})
    optimizer = b"}(" + number(0) + b"}" + text("step") + number(7) + b"su"
    bodies = {
        "parameters": inside,
        "wrapped": b"}(" + text("epoch") + number(3) + text("net") + inside + text("opt") + optimizer + b"u",
        "beside a tensor": b"}(" + text("net") + inside + text("loss") + made + b"u",
        "from Python 2": named("collections", "OrderedDict") + b"(](](U\x01m" + made + b"eetR",
    }
    for body in bodies.values():
        read = read_state_dict(written(tmp_path, CONTAINERS[container](body, storages)))
        np.testing.assert_array_equal(read["m"], TWELVE.reshape(3, 4))
    refused = {
        "2 state dicts found": b"}(" + text("net") + inside + text("ema") + inside + b"u",
        "0 state dicts found": b"}" + text("m") + number(1) + b"s",
        "holds a tensor": made,
        "names of arrays": b"}" + number(5) + made + b"s",
    }
    for message, body in refused.items():
        with pytest.raises(FileError, match=message):
            held = storages if made in body else {}
            read_state_dict(written(tmp_path, CONTAINERS[container](body, held)))


@pytest.mark.parametrize("way", run_command(""))
def test_malicious_pickles_do_not_run(tmp_path, way):
    marker = tmp_path / "marker"
    attack = run_command(f"touch {marker}")[way]
    pickle.loads(program(attack))
    assert marker.exists(), "the attack is no attack"
    marker.unlink()
    for made in (
        program(attack),
        old_container(attack, {}),
        old_container(EMPTY_ORDERED, {}, info=attack),
        old_container(EMPTY_ORDERED, {}, keys=attack),
        old_container(ordered({"m": attack}), {}),
        zip_container(attack, {}),
        zip_container(ordered({"m": attack}), {}),
    ):
        for read in (read_state_dict, load_network):
            with pytest.raises(FileError, match=r"it asks for '(posix\.system|builtins\.eval)'"):
                read(written(tmp_path, made))
    assert not marker.exists()


@BOTH
@pytest.mark.parametrize(
    "module, name",
    [
        ("torch.storage", "_load_from_bytes"),
        ("torch._utils", "_rebuild_tensor_v3"),
        ("torch", "ComplexFloatStorage"),
        ("torch.nn.modules.container", "Sequential"),
        ("__main__", "FullRankRNN"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("collections", "OrderedDict.__init_subclass__"),
        ("collections", "defaultdict"),
        ("torch", "FloatStorage.__class__"),
    ],
)
def test_other_globals_are_refused_with_advice(tmp_path, container, module, name):
    body = ordered({"m": named(module, name) + b")R"})
    with pytest.raises(FileError, match=rf"it asks for '{module}\.{name}'.*save model.state_dict\(\)"):
        read_state_dict(written(tmp_path, CONTAINERS[container](body, {})))


def test_no_file_no_folder_no_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("none.pt", "No such file"), (".", "is a folder"), ("pipe", "no regular file")):
        with pytest.raises(FileError, match=message):
            read_state_dict(tmp_path / name)
    with pytest.raises(FileError, match="null"):
        read_state_dict("a\0b.pt")


@BOTH
@pytest.mark.parametrize("percent", [0, 10, 50, 90, 99])
def test_truncated_files_are_refused(tmp_path, container, percent):
    whole = torch_bytes(published(), container)
    length = len(whole) * percent // 100
    path = written(tmp_path, whole[:length])
    for read in (read_state_dict, load_network):
        with pytest.raises(FileError, match="truncated") as refusal:
            read(path)
        assert str(path) in str(refusal.value) and f"{length} bytes" in str(refusal.value)


def test_containers_that_contradict_themselves(tmp_path):
    body, storages = state_dict({"m": TWELVE}, end=b"N")
    short = {"0": (11, TWELVE[:11].tobytes())}
    for message, made in {
        "another size": old_container(body, {"0": (11, TWELVE.tobytes())}),
        "truncated": old_container(body, short),
        "does not fit the tensors": old_container(body, {}),
        "bytes follow": old_container(body, storages) + b"x",
        "is a pickle but no PyTorch file": program(number(5)),
        "protocol": program(number(int("1950a86a20f9469cfc6c", 16))) + program(number(7)),
        "described in two ways": old_container(
            b"(" + storage("0", "FloatStorage", 12) + storage("0", "FloatStorage", 13) + b"t", {}
        ),
    }.items():
        with pytest.raises(FileError, match=message):
            read_state_dict(written(tmp_path, made))
    body, _ = state_dict({"m": TWELVE})
    for message, made in {
        "has 44 bytes, expected 48": zip_container(body, short),
        "has no member 'net/data/0'": zip_container(body, {}),
        "expected one member": rezipped(zip_container(body, storages), lambda m: {**m, "b/data.pkl": b""}),
    }.items():
        with pytest.raises(FileError, match=message):
            read_state_dict(written(tmp_path, made))


def test_flipped_bits_never_do_more_than_change_a_number(tmp_path):
    """Either refused by the project's own errors, or a network of finite numbers."""
    source = random.Random(1)
    outcomes = {"refused": 0, "read": 0}
    for container in CONTAINERS:
        whole = torch_bytes(published(units=4, rank=1, inputs=1, outputs=1), container)
        for _ in range(250):
            flipped = bytearray(whole)
            for _ in range(source.choice((1, 1, 1, 3))):
                flipped[source.randrange(len(whole))] ^= 1 << source.randrange(8)
            try:
                net = load_network(written(tmp_path, bytes(flipped)))
            except (FileError, InputError):
                outcomes["refused"] += 1
            else:
                assert all(np.isfinite(array).all() for array in (net.m, net.n, net.I, net.w))
                outcomes["read"] += 1
    assert min(outcomes.values()) > 0


def test_a_flipped_bit_in_a_zip_container_is_found(tmp_path):
    whole = bytearray(torch_bytes({"m": TWELVE}, "zip"))
    whole[whole.index(TWELVE.tobytes()) + 17] ^= 4
    with pytest.raises(FileError, match="net/data/0 is damaged: Bad CRC-32"):
        read_state_dict(written(tmp_path, bytes(whole)))


def test_published_files(published):
    for path in sorted(published.glob("*.pt")):
        read = read_state_dict(path)
        assert read["wi"].dtype == np.float32 and read["wi"].shape[1] == 512
    assert read_state_dict(published / "mante_fr_fig1.pt")["wrec"].shape == (512, 512)
    raw = (published / "rdm_lr_fig2.pt").read_bytes()
    # The file's last storage is that of m, the one with the highest address.
    np.testing.assert_array_equal(
        read_state_dict(published / "rdm_lr_fig2.pt")["m"][:, 0], np.frombuffer(raw[-2048:], "<f4")
    )


def test_zip_containers_are_archives_that_zipfile_reads():
    with zipfile.ZipFile(io.BytesIO(torch_bytes({"m": TWELVE}, "zip"))) as archive:
        assert archive.testzip() is None
