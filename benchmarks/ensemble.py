"""Time per network and step when many networks are trained at once, beside one at a time, PyTorch and JAX.

    python benchmarks/ensemble.py [--networks 64] [--units 64 128] [--seconds 2]

Low-rank networks (rank 1, random dots, batches of 32 trials of 75 steps, float32) with seeds of their own. Ours are
whole trainings, with fresh trials drawn for every epoch of 25 batches: by `train_many`, and by `train` one after the
other. The peers' figures are their steps alone (forward pass, backward pass, Adam), on trials drawn before: all
networks in one batched product a step (PyTorch, kappa form) or under `vmap` (JAX, kappa form), and one at a time. All
sides take turns in one run; the figure of each is its best round, with the better of one and two threads.
"""  # noqa: E501

import argparse

import numpy as np
import peers
from train import agree, fastest, letters, machine, ratio, time_in_turn

from rnn.batches import pack
from rnn.ensemble import train_many
from rnn.gradient import loss_and_gradient
from rnn.networks import LowRankRNN
from rnn.training import TrainConfig, train
from tasks import get_task

BATCH, EPOCHS, BATCHES = 32, 2, 25
KAPPA = ("kappa ahead", "kappa step")


class Ours:
    """Whole trainings of all networks; a step of this side is a step of each network."""

    def __init__(self, name, nets, task, threads):
        self.name, self.threads = name, threads
        self.nets, self.task = nets, task
        self.config = TrainConfig(EPOCHS, BATCHES, BATCH, 1e-4, clip=1.0, train=("m", "n", "I", "w"))

    def step(self):
        if self.name == "together":
            train_many(self.nets, self.task, self.config, rng=0, threads=self.threads)
        else:
            for net, rng in zip(self.nets, np.random.default_rng(0).spawn(len(self.nets))):
                train(net, self.task, self.config, rng)


class Reference:
    """Loss and gradients of every network by itself, for `agree`."""

    def __init__(self, nets, trials):
        self.results = [loss_and_gradient(*pair, dtype=np.float32) for pair in zip(nets, trials)]

    def loss_and_gradient(self):
        gradients = [
            np.stack([getattr(one, letter) for one in self.results]) for letter in ("m", "n", "I", "w")
        ]
        return sum(one.loss for one in self.results), gradients


def main():
    """Print the table."""
    options = read_options()
    kinds, absent = peers.available()
    print("\n".join([machine(), *absent]))
    print(f"milliseconds a step and network, {options.networks} networks, best round\n")
    head = (
        "units",
        "noise",
        "ours",
        "ours one",
        "torch",
        "torch one",
        "jax",
        "jax one",
        "torch/ours",
        "jax/ours",
    )
    print(" ".join(f"{word:>10}" for word in head))
    for units in options.units:
        for noise_std in (0.05, 0.0):
            print(" ".join(f"{value:>10}" for value in measure(units, noise_std, kinds, options)), flush=True)


def measure(units, noise_std, kinds, options):
    """One row of the table."""
    task, count = get_task("rdm", "report"), options.networks
    nets = [LowRankRNN.random(units, 1, task, rng=seed, noise_std=noise_std) for seed in range(count)]
    trials = [task.trials(BATCH, rng=seed) for seed in range(count)]
    packed = [pack(part, BATCH, np.float32) for part in trials]
    batches = [np.concatenate([getattr(part, name) for part in packed]) for name in packed[0]._fields[:3]]
    weights = [
        np.stack([getattr(net, letter) for net in nets]).astype(np.float32) for letter in letters(nets[0])
    ]
    reference = Reference(nets, trials)
    for kind in kinds:
        agree(kind(weights, batches, 0.0, KAPPA[0], 1), reference)
    both = (1, 2)
    sides = [Ours("together", nets, task, 2), Ours("alone", nets[:8], task, 2)]
    for kind in kinds:
        for form in KAPPA if noise_std else KAPPA[:1]:
            sides += [kind(weights, batches, noise_std, form, threads) for threads in both]
            one = [array[0] for array in weights], [array[0] for array in batches]
            for threads in both:
                sides.append(kind(*one, noise_std, form, threads))
                sides[-1].name = f"one {sides[-1].name}"
    best = time_in_turn(sides, options.seconds)
    for side in sides:  # per network and step
        steps = EPOCHS * BATCHES if isinstance(side, Ours) else 1
        best[side] /= steps * {"together": count, "alone": 8}.get(
            side.name, 1 if "one " in side.name else count
        )
    names = ("together", "alone", "torch", "one torch", "jax", "one jax")
    found = [fastest(sides, best, name) for name in names]
    shown = ["-" if one is None else f"{one[0] * 1e3:.3f}" for one in found]
    return units, "yes" if noise_std else "no", *shown, ratio(found[2], found[0]), ratio(found[4], found[0])


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--units", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--seconds", type=float, default=2.0, help="time spent on each side of each row")
    return parser.parse_args()


if __name__ == "__main__":
    main()
