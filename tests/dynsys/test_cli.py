"""The command line as a user meets it: exit codes, one line for an error, files where they were asked for."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from processes import start

import dynsys
import dynsys.report.example
from dynsys import cli
from rnn import LowRankRNN, TrainResult, load_network, save_network, simulate
from tasks import Status, accuracy, get_task

PAGE = {"report.html", "equations.tex", "figures", "network.npz", "results.json", "diagrams"}


@pytest.fixture
def stored(tmp_path):
    """A network that does the task, made by hand, in a file."""
    rng = np.random.default_rng(3)
    m, I, w = rng.standard_normal((3, 120, 1))
    net = LowRankRNN(m, 1.3 * m + 1.5 * I, I, 4 * w + 4 * m, noise_std=0.02)
    return save_network(net, tmp_path / "net.npz")


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "dynsys", *map(str, arguments)], capture_output=True, text=True, **options
    )


def test_version_and_help(capsys):
    for flag, text in (("--version", dynsys.__version__), ("--help", "analyse")):
        with pytest.raises(SystemExit) as stop:
            cli.main([flag])
        assert stop.value.code == 0 and text in capsys.readouterr().out


def test_help_loads_nothing_heavy():
    code = "import sys, dynsys.cli; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"numpy", "scipy", "numba", "sympy", "matplotlib", "jinja2"}
    assert not heavy & set(loaded)


def test_analyse_writes_a_report_and_prints_a_summary(stored, tmp_path, capsys):
    folder = tmp_path / "out"
    assert cli.main(["analyse", str(stored), "--task", "rdm", "-o", str(folder), "--seed", "5"]) == 0
    captured = capsys.readouterr()
    assert {path.name for path in folder.iterdir()} == PAGE
    for text in (
        "accuracy on rdm",
        "pitchfork along gain",
        "fold along v",
        "R^2",
        str(folder / "report.html"),
    ):
        assert text in captured.out
    assert "analysis: bifurcations" in captured.err
    results = json.loads((folder / "results.json").read_text())
    assert results["settings"]["seed"] == 5
    assert (
        results["network"]["hash"] == load_network(stored).hash == load_network(folder / "network.npz").hash
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["analyse", "absent.npz", "--task", "rdm"], "absent.npz"),
        (["analyse", "NET", "--task", "rmd"], "choose one of"),
        (["analyse", "NET", "--task", "rdm", "--preset", "none"], "preset"),
        (["analyse", "NET", "--task", "context"], "input"),
        (["analyse", "NET", "--task", "rdm", "--alpha", "3"], "alpha"),
        (["analyse", "NET", "--task", "rdm", "--phi", "sine"], "phi"),
        (["analyse", "NET", "--task", "rdm", "--seed", "-1"], "rng"),
        (["demo", "--units", "0"], "units"),
        (["demo", "--units", "1"], "at least 2"),
        (["demo", "--units", "1000000000000000"], "not enough memory"),
        (["demo", "--seed", "-1"], "seed"),
        (["demo", "-o", "NET"], "is a file"),
        (["analyse", "NET", "--task", "rdm", "-o", "NET"], "is a file"),
    ],
)
def test_bad_input_is_one_line_and_code_two(arguments, message, stored, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    arguments = [str(stored) if argument == "NET" else argument for argument in arguments]
    assert cli.main(arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("dynsys: error: ") and message in lines[-1]
    assert not (tmp_path / "dynsys-report" / "report.html").exists()


@pytest.mark.skipif(
    os.name != "posix" or not os.path.exists("/proc/self"), reason="needs a folder nobody can write"
)
def test_an_unwritable_folder_is_refused_before_the_work(stored, capsys):
    assert cli.main(["analyse", str(stored), "--task", "rdm", "-o", "/proc/self/report"]) == 2
    captured = capsys.readouterr()
    assert "cannot be made" in captured.err and "analysis:" not in captured.err


def test_argparse_refuses_what_it_does_not_know():
    with pytest.raises(SystemExit) as stop:
        cli.main(["analyse"])
    assert stop.value.code == 2


def small_result(accuracy_of_it=1.0, status=Status.COMPLETED):
    rng = np.random.default_rng(0)
    m, I = rng.standard_normal((2, 60, 1))
    gain = 4 if accuracy_of_it == 1 else -4
    net = LowRankRNN(m, 1.3 * m + 1.5 * I, I, gain * m)
    return TrainResult(net, net, (), status, "By hand.", 0, 0.0, None, {})


def test_a_demo_that_misses_its_goal_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(dynsys.report, "train_example", lambda *a, **k: small_result(0.0), raising=False)
    assert cli.main(["demo", "-o", str(tmp_path / "demo")]) == 1
    assert "below the goal of 0.99" in capsys.readouterr().err
    assert (tmp_path / "demo" / "report.html").exists()


def test_an_interrupted_demo_keeps_the_network(tmp_path, monkeypatch, capsys):
    interrupted = small_result(status=Status.INTERRUPTED)
    monkeypatch.setattr(dynsys.report, "train_example", lambda *a, **k: interrupted, raising=False)
    assert cli.main(["demo", "-o", str(tmp_path / "demo")]) == 130
    assert load_network(tmp_path / "demo" / "network.npz").hash == interrupted.net.hash
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_run_with_code_130(number, tmp_path):
    """The real process, stopped while it trains: the network trained so far is there."""
    code = (
        "import sys, dynsys.report.example as e, rnn.training as t\n"
        "from dataclasses import replace\n"
        "from dynsys import cli\n"
        "r = e.recipe('rdm')\n"
        "e.recipe = lambda name: replace(r, config=replace(r.config, epochs=100000))\n"
        "sys.exit(cli.main(['demo', '--units', '16', '-o', sys.argv[1]]))\n"
    )
    process = start([sys.executable, "-c", code, str(tmp_path / "demo")], stderr=subprocess.PIPE)
    try:
        for line in process.stderr:
            if line.startswith("training: epoch"):
                break
        time.sleep(0.05)
        process.send_signal(number)
        rest = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == 130, rest
    assert "the network trained so far is in" in rest and "Traceback" not in rest
    assert load_network(tmp_path / "demo" / "network.npz").units == 16


@pytest.mark.slow
def test_the_demo_reaches_its_goal(tmp_path):
    done = run("demo", "-o", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "demo" / "results.json").read_text())
    assert results["performance"]["accuracy"]["network"] >= 0.99
    assert {row["kind"] for row in results["bifurcations"]} == {"pitchfork", "fold"}
    assert results["performance"]["r_squared"]["reduction"] > 1 - 1e-9


def test_the_published_network(published, tmp_path):
    """rdm_lr_fig2: the figures of expected.json that the page states (Dubreuil et al. 2022)."""
    assert cli.main(["analyse", str(published / "rdm_lr_fig2.pt"), "--task", "rdm", "-o", str(tmp_path)]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["performance"]["accuracy"]["network"] == 1.0
    assert results["performance"]["r_squared"]["circuit"] >= 0.99
    silent = [row for row in results["fixed_points"] if not any(row["inputs"].values())]
    for side, kappa, eigenvalue in (
        ("network", 0.550579697, -0.4108258946),
        ("mean_field", 0.446313933, -0.4062039396),
    ):
        found = sorted(row[side]["kappa"][0] for row in silent)
        assert found == pytest.approx([-kappa, 0.0, kappa], abs=1e-8)
        values = [row[side]["eigenvalues"][0][0] for row in silent if abs(row[side]["kappa"][0]) > 0.1]
        assert values == pytest.approx([eigenvalue, eigenvalue], abs=1e-8)
    events = {(row["parameter"], row["kind"]): [] for row in results["bifurcations"]}
    for row in results["bifurcations"]:
        events[row["parameter"], row["kind"]].append((row["network"]["value"], row["mean_field"]["value"]))
    assert events["gain", "pitchfork"] == [pytest.approx((0.755701, 0.755701), abs=1e-6)]
    folds = sorted(events["v", "fold"])
    assert folds == [pytest.approx(pair, abs=1e-6) for pair in ((-0.070420, -0.057859), (0.070420, 0.057859))]


def test_the_task_of_a_test_network_is_the_one_it_does(stored):
    """The hand-made network of these tests does random dots, so that the summary above means something."""
    trials = get_task("rdm").trials(200, rng=0)
    assert accuracy(simulate(load_network(stored), trials, rng=1).z, trials) > 0.95
