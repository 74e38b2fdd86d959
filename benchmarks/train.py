"""Seconds per training step of low-rank and full-rank networks, beside PyTorch and JAX where installed.

    python benchmarks/train.py [--seconds 2] [--sizes 128 512 4096 full] [--threads 1 2]

A step is forward pass, backward pass and Adam on one batch of 32 trials, all weights trained, in float32.
Every side gets the same weights and inputs and must agree with the others to 1e-5 in loss and gradient before
it is timed. All sides are timed in turn, round after round, in one run; the figure of each is its best round,
the best of its forms and of the numbers of threads (in brackets).
"""

import argparse
import os
import platform
import time

import numba
import numpy as np
import peers

from rnn.activations import phi_tag
from rnn.batches import pack
from rnn.gradient import gradient_runner, loss_and_gradient
from rnn.kernels.lowrank import BLOCK, simulate_blocks
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.optimizers import Adam, clip_norm
from rnn.parameters import initial_theta, parameters, read_gradient, write_factors
from tasks import get_task

BATCH, TOLERANCE = 32, 1e-5
LONG = {"delay": 1800.0}
# Units, rank (None: full), and what is changed of the random dots with a report.
SIZES = {"128": (128, 1, {}), "512": (512, 2, LONG), "4096": (4096, 2, LONG), "full": (512, None, LONG)}


class Ours:
    """The inner loop of `rnn.training.train`: factors, loss and gradient, clipping, Adam."""

    def __init__(self, net, trials, noise_std, threads):
        self.name, self.threads = "ours", threads
        self.letters = letters(net)
        self.layout, self.optimizer = parameters(net, self.letters), Adam()
        self.theta = initial_theta(self.layout)
        self.state, self.count = self.optimizer.start(self.theta), 0
        self.batches = pack(trials, BATCH, np.float32)
        self.runner = gradient_runner(net, noise_std, BATCH, trials.steps, np.float32, threads)
        self.left, self.right = (np.empty((rows, net.units), np.float32) for rows in self.layout.counts)

    def loss_and_gradient(self):
        write_factors(self.layout, self.theta, self.left, self.right)
        loss = self.runner.run(self.left, self.right, self.batches, 0, self.count)
        flat, net = read_gradient(self.layout, self.runner.dleft, self.runner.dright), self.layout.net
        order = ("J", "I", "w") if "J" in self.letters else ("m", "I", "n", "w")
        ends = np.cumsum([getattr(net, letter).shape[1] for letter in order])
        parts = dict(zip(order, np.split(flat.reshape(-1, net.units), ends[:-1])))
        return loss, [parts[letter] if letter == "J" else parts[letter].T for letter in self.letters]

    def step(self):
        self.count += 1
        write_factors(self.layout, self.theta, self.left, self.right)
        self.runner.run(self.left, self.right, self.batches, 0, self.count)
        self.update()

    def update(self):
        gradient, _ = clip_norm(read_gradient(self.layout, self.runner.dleft, self.runner.dright), 1.0)
        self.theta, self.state = self.optimizer.step(self.theta, gradient, self.state, peers.RATE)


def main():
    """Print the table."""
    options = read_options()
    kinds, absent = peers.available()
    print(machine())
    for line in absent:
        print(line)
    print(
        "milliseconds a step, best round; 'x tanh' is our processor time (time by threads) as a multiple of\n"
        "that of numpy's tanh on as many numbers\n"
    )
    head = ("units", "rank", "steps", "noise", "ours", "torch", "jax", "torch/ours", "jax/ours", "x tanh")
    print(" ".join(f"{word:>10}" for word in head))
    details = []
    for size in options.sizes:
        for noise_std in (0.05, 0.0):
            row, detail = measure(size, noise_std, kinds, options)
            print(" ".join(f"{value:>10}" for value in row), flush=True)
            details.append(detail)
    print("\n" + "\n".join(details))


def measure(size, noise_std, kinds, options):
    """One row of the table, and a paragraph about its parts."""
    units, rank, changes = SIZES[size]
    task = get_task("rdm", "report", **changes)
    trials = task.trials(BATCH, rng=2)
    net = FullRankRNN.random(units, task, 1) if rank is None else LowRankRNN.random(units, rank, task, 1)
    packed = pack(trials, BATCH, np.float32)
    batch = packed.inputs[0], packed.targets[0], packed.weights[0]
    weights = [getattr(net, letter).astype(np.float32) for letter in letters(net)]
    forms = peers.FULL_RANK_FORMS if rank is None else peers.FORMS
    quiet_forms = [form for form in forms if form.endswith("ahead")]
    quiet = Ours(net, trials, 0.0, 1)
    precise = loss_and_gradient(net, trials)
    errors = {
        letter: distance(g, getattr(precise, letter))
        for g, letter in zip(quiet.loss_and_gradient()[1], quiet.letters)
    }
    for kind in kinds:
        for form in quiet_forms:
            agree(kind(weights, batch, 0.0, form, 1), quiet)
    sides = [Ours(net, trials, noise_std, threads) for threads in options.threads]
    for kind in kinds:
        for form in forms if noise_std > 0 else quiet_forms:
            sides += [kind(weights, batch, noise_std, form, threads) for threads in options.threads]
    best = time_in_turn(sides, options.seconds)
    ours, torch, jax = (fastest(sides, best, name) for name in ("ours", "torch", "jax"))
    unit_steps = BATCH * trials.steps * units
    tanh = time_of(np.tanh, np.ones(4096, np.float32), repeat=300) / 4096
    row = (
        units, rank or "full", trials.steps, "yes" if noise_std else "no",
        *(show(side) for side in (ours, torch, jax)),
        ratio(torch, ours), ratio(jax, ours), f"{ours[0] * ours[1] / (unit_steps * tanh):.1f}",
    )  # fmt: skip
    adam, one = time_of(sides[0].update), best[sides[0]]
    if rank is None:
        parts = f"forward and backward {(one - adam) * 1e3:.3f}"
    else:
        forward = time_of(forward_only(net, packed, noise_std))
        parts = f"forward {forward * 1e3:.3f} + backward {(one - forward - adam) * 1e3:.3f}"
    detail = (
        f"{units} units, rank {rank or 'full'}, noise {'on' if noise_std else 'off'}, {sides[0].threads} "
        f"thread: step {one * 1e3:.3f} ms = {parts} + Adam {adam * 1e3:.3f}; "
        f"{one / unit_steps * 1e9:.3f} ns a unit-step, numpy's tanh {tanh * 1e9:.3f}; gradient "
        + ", ".join(f"{letter} {error:.1e}" for letter, error in errors.items())
        + " from float64; "
        + ", ".join(f"{s.name} ({s.threads}) {best[s] * 1e3:.3f}" for s in sides)
    )
    return row, detail


def letters(net):
    """What is trained: every weight of the network."""
    return ("J", "I", "w") if isinstance(net, FullRankRNN) else ("m", "n", "I", "w")


def machine():
    """One line: processor, cores and versions."""
    processor = platform.processor() or platform.machine()
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}"
    return f"{processor}, {len(CORES)} cores; {versions}; {peers.versions() or 'no peers'}"


def time_in_turn(sides, seconds):
    """Best time of a step of each side; the sides take turns until each has had its seconds."""
    best, spent = {}, dict.fromkeys(sides, 0.0)
    for side in sides:
        pin(side.threads)
        side.step()
        best[side] = time_of(side.step, repeat=1)
    while any(used < seconds for used in spent.values()):
        for side in sides:
            if spent[side] >= seconds:
                continue
            pin(side.threads)
            side.step()
            count = max(1, min(200, int(seconds / 10 / best[side])))
            started = time.perf_counter()
            for _ in range(count):
                side.step()
            used = time.perf_counter() - started
            spent[side] += used
            best[side] = min(best[side], used / count)
    pin(len(CORES))
    return best


def forward_only(net, packed, noise_std):
    """A function that runs our forward pass alone."""
    kind, blocks, steps = np.float32, BATCH // BLOCK, packed.inputs.shape[2]
    terms, sums = net.rank + net.input_count, net.rank + net.output_count
    layout = parameters(net, letters(net))
    left, right = np.empty((terms, net.units), kind), np.empty((sums, net.units), kind)
    write_factors(layout, initial_theta(layout), left, right)
    fixed = (
        left,
        right,
        net.h0.astype(kind),
        packed.inputs[0],
        kind(net.alpha),
        kind(noise_std),
        np.uint64(1),
    )
    tags = phi_tag(net.phi), (kind(0),) * terms, (kind(0),) * sums, (kind(0),) * net.rank
    scratch = np.empty((BLOCK, net.units), kind), np.empty((steps, BLOCK, net.units), kind)
    results = (
        np.empty((0, steps, net.units), kind), np.empty((BATCH, steps, terms), kind),
        np.empty((BATCH, steps, net.output_count), kind),
    )  # fmt: skip
    return lambda: simulate_blocks((0, blocks), *fixed, *tags, *scratch, *results)


def agree(peer, ours):
    """Refuse to time a peer that computes something else."""
    (loss, gradient), (wanted, reference) = peer.loss_and_gradient(), ours.loss_and_gradient()
    errors = [abs(loss - wanted) / wanted, *(distance(a, b) for a, b in zip(gradient, reference))]
    if max(errors) > TOLERANCE:
        raise SystemExit(f"{peer.name} disagrees in loss or gradient by {max(errors):.1e}; nothing is timed")


def distance(a, b):
    """Relative distance in the L2 norm."""
    return float(np.linalg.norm(np.asarray(a, float) - b) / np.linalg.norm(b))


def time_of(function, *arguments, repeat=20):
    """Best time of one call."""
    times = []
    for _ in range(repeat + 1):  # the first one may compile
        started = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - started)
    return min(times[1:])


def pin(threads):
    """Let every thread of this process use that many cores and no more."""
    for thread in os.listdir("/proc/self/task"):
        try:
            os.sched_setaffinity(int(thread), CORES[:threads])
        except ProcessLookupError:  # it has ended
            continue


def fastest(sides, best, name):
    """(seconds, threads) of the fastest side whose name begins so, or None."""
    times = [(best[side], side.threads) for side in sides if side.name.startswith(name)]
    return min(times, default=None)


def show(side):
    return "-" if side is None else f"{side[0] * 1e3:.3f}({side[1]})"


def ratio(side, ours):
    return "-" if side is None else f"{side[0] / ours[0]:.1f}"


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="time spent on each side of each row")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    return parser.parse_args()


CORES = sorted(os.sched_getaffinity(0))

if __name__ == "__main__":
    main()
