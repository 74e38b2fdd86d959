"""``dynsys train``: files, refusals, interruption and resumption, as a user meets them."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from processes import start

from dynsys import cli
from rnn import load_checkpoint, load_network, read_header

FILES = {"network.npz", "initial.npz", "training.json", "learning_curve.png", "checkpoint.npz"}
SMALL = ["train", "rdm", "--units", "24", "--batch-size", "8", "--seed", "3"]


def test_it_trains_and_writes_its_files(tmp_path, capsys):
    folder = tmp_path / "out"
    assert cli.main([*SMALL, "--epochs", "3", "-o", str(folder)]) == 0
    captured = capsys.readouterr()
    assert {path.name for path in folder.iterdir()} == FILES
    assert "training: epoch 1 of 3, loss" in captured.err and "All 3 epochs ran." in captured.out
    numbers = json.loads((folder / "training.json").read_text())
    net = load_network(folder / "network.npz")
    assert numbers["network"]["hash"] == net.hash and net.units == 24
    assert numbers["config"]["epochs"] == len(numbers["history"]) == 3
    assert numbers["config"]["batch_size"] == 8 and numbers["source"]["task"] == "rdm"
    assert read_header(folder / "network.npz")["provenance"]["command"].startswith("dynsys train rdm")
    assert (folder / "learning_curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_full_rank_and_other_ranks(tmp_path):
    assert cli.main([*SMALL, "--epochs", "1", "--full-rank", "-o", str(tmp_path / "full")]) == 0
    net, initial = (load_network(tmp_path / "full" / f"{name}.npz") for name in ("network", "initial"))
    assert net.J.shape == initial.J.shape == (24, 24) and not np.array_equal(net.J, initial.J)
    assert cli.main([*SMALL, "--epochs", "1", "--rank", "2", "-o", str(tmp_path / "two")]) == 0
    assert load_network(tmp_path / "two" / "network.npz").rank == 2


def test_it_resumes_to_the_same_network(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    assert cli.main([*SMALL, "--epochs", "4", "-o", str(one)]) == 0
    assert cli.main([*SMALL, "--epochs", "2", "-o", str(two)]) == 0
    without_seed = [*SMALL[:-2], "--epochs", "4", "-o", str(two), "--resume"]
    assert cli.main(without_seed) == 0
    hashes = {load_network(folder / "network.npz").hash for folder in (one, two)}
    assert len(hashes) == 1


def test_a_resumed_training_writes_the_same_files(tmp_path):
    command, names = [*SMALL, "--epochs", "3", "-o", str(tmp_path)], ("network.npz", "initial.npz")
    assert cli.main(command) == 0
    before = [(tmp_path / name).read_bytes() for name in names]
    assert cli.main([*command, "--resume"]) == 0
    assert [(tmp_path / name).read_bytes() for name in names] == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["train", "rmd"], "choose one of"),
        (["train", "rdm", "--preset", "easy"], "preset"),
        (["train", "rdm", "--units", "0"], "units"),
        (["train", "rdm", "--epochs", "0"], "epochs"),
        (["train", "rdm", "--learning-rate", "-1"], "learning_rate"),
        (["train", "rdm", "--seed", "-1"], "rng"),
        (["train", "rdm", "--resume"], "leave --resume out"),
        (["train", "rdm", "--full-rank", "--rank", "2"], "--rank or --full-rank"),
        (["train", "rdm", "-o", "file"], "is a file"),
    ],
)
def test_bad_input_is_one_line_and_code_two(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert cli.main(arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("dynsys: error: ") and message in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]  # nothing is left behind


def test_a_training_in_the_folder_is_not_overwritten(tmp_path, capsys):
    small = [*SMALL, "--epochs", "1", "-o", str(tmp_path)]
    assert cli.main(small) == 0
    before = (tmp_path / "checkpoint.npz").read_bytes()
    assert cli.main(small) == 2
    assert "--resume" in capsys.readouterr().err
    assert cli.main([*small, "--resume", "--units", "25"]) == 2
    assert "units = 24, not 25" in capsys.readouterr().err
    for other, message in (
        (["train", "romo"], "task 'rdm', not 'romo'"),
        ([*SMALL, "--full-rank"], "LowRankRNN(24 units"),
        ([*SMALL[:-1], "4"], "--seed 3, not 4"),
    ):
        assert cli.main([*other, "-o", str(tmp_path), "--resume"]) == 2
        assert message in capsys.readouterr().err
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


@pytest.mark.skipif(
    os.name != "posix" or not os.path.exists("/proc/self"), reason="needs a folder nobody can write"
)
def test_an_unwritable_folder_is_refused_before_training(capsys):
    assert cli.main([*SMALL, "-o", "/proc/self/out"]) == 2
    assert "training:" not in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_save_everything_and_end_with_code_130(number, tmp_path):
    command = [sys.executable, "-m", "dynsys", *SMALL, "-o", str(tmp_path)]
    process = start([*command, "--epochs", "100000"], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for line in process.stderr:
            if line.startswith("training: epoch 5"):
                break
        time.sleep(0.05)
        process.send_signal(number)
        rest = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == 130, rest
    assert "go on with --resume" in rest and "Traceback" not in rest
    assert {path.name for path in tmp_path.iterdir()} == FILES
    epochs = load_checkpoint(tmp_path / "checkpoint.npz").state.epoch
    assert epochs >= 5
    done = subprocess.run([*command, "--epochs", str(epochs + 1), "--resume"], capture_output=True, text=True)
    assert done.returncode == 0 and f"All {epochs + 1} epochs ran." in done.stdout
