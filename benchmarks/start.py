"""Seconds from the start of a fresh process to a trained network, and the memory that training takes.

    python benchmarks/start.py [--runs 5] [--cold 2]

Each figure is that of new processes. Trained is a random dots network of 512 units whose epoch was 99 % right, all
weights in training; each process is then judged on 1,000 new trials. `cold` starts with an empty folder of compiled
code, `warm` with what the cold one left there. `numba alone` is the start of a process that calls one cached function
that adds two numbers; no program that uses numba can start faster. PyTorch, if installed, trains the same network on
the same trials with the same Adam. The processes take turns, round after round.
"""  # noqa: E501

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numba
import numpy as np

HERE = Path(__file__).resolve().parent
UNITS, RATE, GOAL = 512, 5e-3, 0.99

# Each prints seconds since it was started, seconds of processor, and accuracy on new trials.
OURS = f"""
import sys, time
from rnn import LowRankRNN, TrainConfig, simulate, train
from tasks import get_task
task = get_task("rdm")
start = LowRankRNN.random({UNITS}, 1, task, rng=0, noise_std=0.05)
config = TrainConfig(learning_rate={RATE}, stop_accuracy={GOAL}, train=("m", "n", "I", "w"))
result = train(start, task, config, rng=1)
print(time.time() - float(sys.argv[1]), time.process_time())
trials = task.trials(1000, rng=2)
print(task.accuracy(simulate(result.net, trials, rng=3).z, trials))
"""
TORCH = f"""
import sys, time
sys.modules["jax"] = None
import numpy as np
import peers
from tasks import get_task
task, rng = get_task("rdm"), np.random.default_rng(1)
draws = np.random.default_rng(0).standard_normal((4, {UNITS}, 1)).astype(np.float32)
peer = peers.TorchPeer([*draws[:3], 4 * draws[3]], None, 0.05, "kappa step", 1, {RATE})
def batch(trials, part):
    part = trials.select(part)
    masked = part.mask.any(axis=2).sum(axis=1)[:, None, None]
    return [a.astype(np.float32) for a in (part.inputs, part.targets, part.mask**2 / masked / part.size)]
accuracy = 0.0
while accuracy < {GOAL}:
    trials, outputs = task.trials(800, rng), []
    for first in range(0, 800, 32):
        peer.take(batch(trials, slice(first, first + 32)))
        peer.step()
        outputs.append(peer.z)
    accuracy = task.accuracy(np.concatenate(outputs), trials)
print(time.time() - float(sys.argv[1]), time.process_time())
trials = task.trials(1000, rng=2)
peer.take(batch(trials, slice(None)))
peer.loss()
print(task.accuracy(peer.z, trials))
"""
NUMBA = """
import sys, time
from one import add
add(1.0, 2.0)
print(time.time() - float(sys.argv[1]), time.process_time(), 1.0)
"""
ONE = "import numba\n\n@numba.njit(cache=True)\ndef add(x, y):\n    return x + y\n"
MEMORY = """
import resource
from rnn import LowRankRNN, TrainConfig, train
from tasks import get_task
task = get_task("rdm", "report", delay=1800.0)
start = LowRankRNN.random(4096, 2, task, rng=0, noise_std=0.05)
train(start, task, TrainConfig(2, 10, train=("m", "n", "I", "w")), rng=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main():
    """Print the table."""
    options = read_options()
    versions = f"numpy {np.__version__}, numba {numba.__version__}"
    print(f"{len(os.sched_getaffinity(0))} cores; Python {sys.version.split()[0]}, {versions}")
    print("\nseconds from the start of a process (seconds of processor in brackets)\n")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "one.py").write_text(ONE)
        cold = [run(OURS, folder / f"cold-{number}") for number in range(options.cold)]
        warm = folder / "cold-0"
        sides = {"ours, warm": OURS, "numba alone": NUMBA}
        run(NUMBA, warm, folder)
        if importlib.util.find_spec("torch"):
            sides["torch"] = TORCH
        found = {name: [] for name in sides}
        for _ in range(options.runs):
            for name, code in sides.items():
                found[name].append(run(code, warm, folder))
        memory = float(child(MEMORY, warm, folder)[0])
    print(f"{'':>12} {'median':>16} {'best':>16} {'accuracy':>10}")
    for name, rows in {"ours, cold": cold, **found}.items():
        wall, processor, accuracies = zip(*rows)
        figures = [f"{of(wall):.2f} ({of(processor):.2f})" for of in (median, min)]
        accuracy = "" if name == "numba alone" else f"{min(accuracies):.3f}"
        print(f"{name:>12} {figures[0]:>16} {figures[1]:>16} {accuracy:>10}")
    print("\npeak memory, 4,096 units of rank 2 trained on 150 steps in batches of 32:", f"{memory:.0f} MB")


def run(code, cache, path=HERE):
    """Seconds, seconds of processor and accuracy of one process."""
    return tuple(map(float, child(code, cache, path)))


def child(code, cache, path):
    """What one process prints, word by word."""
    search = os.pathsep.join(map(str, (HERE.parent, HERE, path)))
    settings = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": search}
    command = [sys.executable, "-c", code, str(time.time())]
    done = subprocess.run(command, env=settings, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout.split()


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="processes of each kind with compiled code")
    parser.add_argument("--cold", type=int, default=2, help="processes without compiled code")
    return parser.parse_args()


if __name__ == "__main__":
    main()
