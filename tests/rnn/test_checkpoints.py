"""Checkpoints: the same bytes as without the interruption, whole files, plain refusals, a full disk."""

import errno
import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import rnn.checkpoints
from rnn.archives import ZIP_MAGIC
from rnn.checkpoints import load_checkpoint
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.optimizers import SGD, Adam
from rnn.schedules import CosineRate
from rnn.training import TrainConfig, train
from tasks import FixedTrials, get_task
from tasks.errors import FileError, InputError, Status

TASK = get_task("rdm", stimulus=200.0)
QUICK = TrainConfig(epochs=6, batches_per_epoch=3, batch_size=10)


def start(units=24, seed=0):
    return LowRankRNN.random(units, 1, TASK, rng=seed, noise_std=0.05)


def interrupted_after(epoch):
    def progress(record):
        if record.epoch == epoch:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize(
    "config",
    [
        QUICK,
        replace(QUICK, optimizer=SGD(0.9), schedule=CosineRate(), l2_weights=1e-3, clip=0.5),
        replace(QUICK, fixed_trials=25, validation=8),
        replace(QUICK, train=("m", "n", "I", "w"), keep_best=False),
    ],
)
def test_a_resumed_training_ends_in_the_same_bytes(config, tmp_path):
    path = tmp_path / "checkpoint.npz"
    whole = train(start(), TASK, config, rng=1)
    part = train(start(), TASK, config, rng=1, checkpoint=path, progress=interrupted_after(3))
    assert part.status is Status.INTERRUPTED and len(part.history) == 3
    rest = train(start(), TASK, resume=path, checkpoint=path)
    assert rest.status is Status.COMPLETED
    assert rest.net.hash == whole.net.hash
    assert rest.config == config
    assert np.array_equal(rest.losses, whole.losses)
    assert np.array_equal(rest.accuracies, whole.accuracies)
    assert [r.validation_loss for r in rest.history] == pytest.approx(
        [r.validation_loss for r in whole.history], rel=0, abs=0, nan_ok=True
    )
    assert rest.source["seed"] == whole.source["seed"]
    # What is in the file now is complete: resuming once more changes nothing.
    assert train(None, TASK, resume=load_checkpoint(path)).net.hash == whole.net.hash


@pytest.mark.parametrize("generator", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_three_epochs_and_three_are_six(generator, tmp_path):
    def rng():
        return np.random.Generator(getattr(np.random, generator)(5))

    path, six = tmp_path / "checkpoint.npz", train(start(), TASK, QUICK, rng=rng())
    train(start(), TASK, replace(QUICK, epochs=3), rng=rng(), checkpoint=path)
    assert train(None, TASK, QUICK, resume=path).net.hash == six.net.hash


@pytest.mark.slow
def test_full_rank_networks_too(tmp_path):
    net, path = FullRankRNN.random(16, TASK, rng=0, noise_std=0.05), tmp_path / "checkpoint.npz"
    config = replace(QUICK, epochs=4, train=("J", "I", "w_gain"))
    whole = train(net, TASK, config, rng=1)
    train(net, TASK, replace(config, epochs=2), rng=1, checkpoint=path)
    assert train(net, TASK, config, resume=path).net.hash == whole.net.hash


def test_an_interruption_within_an_epoch_loses_only_that_epoch(tmp_path, monkeypatch):
    path, calls, step = tmp_path / "checkpoint.npz", [], Adam.step

    def interrupted(self, *arguments):
        calls.append(0)
        if len(calls) == 8:  # in the third epoch
            raise KeyboardInterrupt
        return step(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Adam, "step", interrupted)
        part = train(start(), TASK, QUICK, rng=1, checkpoint=path)
    assert len(part.history) == 2
    assert train(start(), TASK, resume=path).net.hash == train(start(), TASK, QUICK, rng=1).net.hash


def test_a_generator_passed_in_goes_on_from_where_the_training_ends(tmp_path):
    path, whole, other = tmp_path / "checkpoint.npz", np.random.default_rng(1), np.random.default_rng(9)
    train(start(), TASK, QUICK, rng=whole)
    train(start(), TASK, replace(QUICK, epochs=2), rng=np.random.default_rng(1), checkpoint=path)
    train(start(), TASK, QUICK, rng=other, resume=path)
    assert other.random() == whole.random()


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoints") / "checkpoint.npz"
    train(start(), TASK, replace(QUICK, epochs=2), rng=1, checkpoint=path)
    return path


def test_resuming_something_else_is_refused(stored):
    for task, net, config, word in (
        (get_task("romo"), None, None, "belongs to task 'rdm', not 'romo'"),
        (get_task("rdm", stimulus=400.0), None, None, "with other values of stimulus"),
        (TASK, start(32), None, "belongs to LowRankRNN.24 units.*not LowRankRNN.32 units"),
        (TASK, start(seed=5), None, "same shape with other weights"),
        (TASK, FullRankRNN.random(24, TASK, rng=0), None, "not FullRankRNN"),
        (TASK, None, replace(QUICK, train=("m", "n")), "made with train="),
        (TASK, None, replace(QUICK, optimizer=SGD()), "made with optimizer="),
        (TASK, None, replace(QUICK, batch_size=11), "made with batch_size="),
    ):
        with pytest.raises(InputError, match=word):
            train(net, task, config, resume=stored)
    with pytest.raises(InputError, match="net: expected a LowRankRNN"):
        train(None, TASK, QUICK, rng=1)


def test_a_network_is_no_checkpoint(tmp_path):
    path = rnn.save_network(start(), tmp_path / "network.npz")
    with pytest.raises(
        FileError, match="no file of that kind: its header does not say 'dynsys-rnn checkpoint'"
    ):
        train(None, TASK, QUICK, resume=path)
    with pytest.raises(FileError, match="'dynsys-rnn network'; it is read by rnn.load_network"):
        rnn.load_checkpoint(path)
    with pytest.raises(FileError, match="absent.npz"):
        train(None, TASK, QUICK, resume=tmp_path / "absent.npz")


def test_places_where_no_file_can_be_are_refused_before_training(tmp_path):
    seen = []
    for path in (tmp_path, tmp_path / "absent" / "checkpoint.npz"):
        with pytest.raises(FileError, match="is a folder|does not exist"):
            train(start(), TASK, QUICK, rng=1, checkpoint=path, progress=seen.append)
    assert not seen
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file_and_training_goes_on(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    monkeypatch.setattr(rnn.checkpoints, "SECONDS_BETWEEN", 0.0)
    write, written = rnn.checkpoints.write_members, []

    def fill(file, members):
        written.append(len(members))
        file.write(ZIP_MAGIC)
        if 3 <= len(written) <= full_until:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(file, members)

    monkeypatch.setattr(rnn.checkpoints, "write_members", lambda file, members: fill(file, members))
    full_until, whole = 99, train(start(), TASK, QUICK, rng=1)
    result = train(start(), TASK, QUICK, rng=1, checkpoint=path)
    assert result.status is Status.COMPLETED and result.net.hash == whole.net.hash
    assert "the file holds epoch 2" in result.message and "No space left" in result.message
    assert len(written) == 7  # tried again after every epoch and at the end
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_disk_with_space_again_is_used_again(tmp_path, monkeypatch):
    path, tries = tmp_path / "checkpoint.npz", []
    monkeypatch.setattr(rnn.checkpoints, "SECONDS_BETWEEN", 0.0)
    atomic_write = rnn.checkpoints.atomic_write

    def sometimes(target, write):
        tries.append(0)
        if len(tries) in (2, 3):
            raise FileError(f"{target}: not written: No space left on device")
        return atomic_write(target, write)

    monkeypatch.setattr(rnn.checkpoints, "atomic_write", sometimes)
    result = train(start(), TASK, QUICK, rng=1, checkpoint=path)
    assert "checkpoint" not in result.message
    assert load_checkpoint(path).state.epoch == 6


def test_damaged_files_are_refused(stored, tmp_path):
    raw, path = stored.read_bytes(), tmp_path / "damaged.npz"
    for cut in (0, 10, len(raw) // 2, len(raw) - 10):
        path.write_bytes(raw[:cut])
        with pytest.raises(FileError, match="truncated|no "):
            load_checkpoint(path)
    with zipfile.ZipFile(stored) as archive:
        position = raw.index(archive.read("theta.npy")) + 200
    path.write_bytes(raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :])
    with pytest.raises(FileError, match="theta"):
        load_checkpoint(path)
    with pytest.raises(FileError, match="no file of that kind|network"):
        rnn.load_network(stored)


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"is": "TrainConfig"}},
        {"generator": {"bit_generator": "Generator"}},
        {"generator": {"bit_generator": "PCG64"}},
        {"networks": {}},
        {"networks": 3},
        {"networks": {"net": {"kind": "folder"}}},
        {"best_epoch": 99},
        {"stage": None},
        {"optimizer_steps": "many"},
        {"source": 3},
    ],
)
def test_headers_that_make_no_state_are_refused(change, stored, tmp_path):
    path = tmp_path / "changed.npz"
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            contents = old.read(name)
            if name == "header.json":
                contents = json.dumps(json.loads(contents) | change).encode()
            new.writestr(name, contents)
    with pytest.raises(FileError, match="damaged"):
        load_checkpoint(path)


def test_checkpoints_of_version_1_are_still_read(stored, tmp_path):
    path = tmp_path / "old.npz"
    with zipfile.ZipFile(stored) as new, zipfile.ZipFile(path, "w") as old:
        for name in new.namelist():
            contents = new.read(name)
            if name == "header.json":
                header = json.loads(contents)
                network = header.pop("networks")["net"]
                kind = network.pop("kind")
                contents = json.dumps(header | {"version": 1, "kind": kind, "network": network}).encode()
            old.writestr(name, contents)
    one, two = load_checkpoint(path), load_checkpoint(stored)
    assert one.net.hash == two.net.hash and one.first is two.first is None
    np.testing.assert_array_equal(one.state.theta, two.state.theta)


def test_a_fixed_set_is_recognised_by_its_contents(tmp_path):
    path, config = tmp_path / "checkpoint.npz", replace(QUICK, epochs=2)
    trials, others = TASK.trials(40, rng=0), TASK.trials(40, rng=1)
    train(start(), FixedTrials.of(trials, TASK), config, rng=1, checkpoint=path)
    with pytest.raises(InputError, match="other values of fixed"):
        train(None, FixedTrials.of(others, TASK), config, resume=path)
    assert train(None, FixedTrials.of(trials, TASK), config, resume=path).status is Status.COMPLETED


SCRIPT = """
import sys
from rnn.networks import LowRankRNN
from rnn.training import TrainConfig, train
from tasks import get_task
task = get_task("rdm", stimulus=200.0)
net = LowRankRNN.random(24, 1, task, rng=0, noise_std=0.05)
config = TrainConfig(epochs=10**6, batches_per_epoch=3, batch_size=10)
show = lambda record: print(record.epoch, flush=True) if record.epoch < 9 else None
result = train(net, task, config, rng=1, checkpoint=sys.argv[1], progress=show)
print(result.status.name)
"""


def test_sigterm_saves_and_ends_training(tmp_path):
    path = tmp_path / "checkpoint.npz"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if line.startswith("8"):
                break
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    assert rest.split()[-1] == "INTERRUPTED"
    saved = load_checkpoint(path)
    assert saved.state.epoch >= 8
    whole = train(start(), TASK, replace(QUICK, epochs=saved.state.epoch), rng=1)
    assert np.array_equal([r.loss for r in saved.state.history], whole.losses)


@pytest.mark.parametrize("given", [3, {}, [None]])
def test_what_is_neither_a_path_nor_a_checkpoint_is_refused(given):
    with pytest.raises(InputError, match="resume: expected a path or a Checkpoint, got"):
        train(None, TASK, QUICK, resume=given)
