"""Train the networks that ship with the project and write them into rnn/examples.

    python benchmarks/make_examples.py [--tasks rdm romo] [--pairs romo] [--strong context] [--seed 0]

One low-rank network for each task; full-rank pairs, J after training and J_0 before, in float32; and one of 4,096
units for the context task with a strong cue, in float32. The seeds of the context networks are the best of those that
`benchmarks/context_seeds.py` compares by what two populations explain of them; the others are the first that there is.
"""  # noqa: E501

import argparse
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from populations import context_network

import rnn.examples
from rnn import FullRankRNN, recipe, save_network, simulate, train_recipe
from tasks import get_task, task_names

TRIALS = 2000
PAIR_UNITS = 256
SEEDS = {"context": 7}
STRONG_SEED, STRONG_UNITS, STRONG_CUE = 10, 4096, 1.0
PACKAGES = ("dynsys-rnn", "numpy", "numba")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="*", choices=task_names(), default=list(task_names()))
    parser.add_argument("--pairs", nargs="*", choices=task_names(), default=["romo"])
    parser.add_argument("--strong", nargs="*", choices=("context",), default=["context"])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.tasks:
        seed = SEEDS.get(name, options.seed)
        net = train_recipe(name, rng=seed).net
        made = f"rnn.train_recipe({name!r}, rng={seed})"
        write(net, f"{name}-r{net.rank}-n{net.units}", name, seed, made)
    for name in options.strong:
        parameters = {"cue_amplitude": STRONG_CUE}
        net = _rounded(context_network(STRONG_UNITS, STRONG_CUE, STRONG_SEED))
        made = (
            f"rnn.train(rnn.LowRankRNN.random({STRONG_UNITS}, 1, task, rng={STRONG_SEED}, noise_std=0.05), "
            f"task, rnn.recipe({name!r}).config, rng={STRONG_SEED + 1})"
        )
        stem = f"strong-{name}-r{net.rank}-n{net.units}"
        write(net, stem, name, STRONG_SEED, made, "float32", parameters)
    for name in options.pairs:
        plan = recipe(name).with_units(PAIR_UNITS)
        trained = train_recipe(name, rng=options.seed, plan=plan, full_rank=True)
        made = (
            f"rnn.train_recipe({name!r}, rng={options.seed}, "
            f"plan=rnn.recipe({name!r}).with_units({PAIR_UNITS}), full_rank=True)"
        )
        stem = f"full-{name}-n{PAIR_UNITS}"
        write(_rounded(trained.net), stem, name, options.seed, made, dtype="float32")
        initial = f"the initial network of {made}"
        write(_rounded(trained.initial), stem + "-initial", name, options.seed, initial, dtype="float32")


def write(net, stem, name, seed, made, dtype="float64", parameters=None):
    """Judge a network on new trials and write it with its record."""
    task = get_task(name, **(parameters or {}))
    trials = task.trials(TRIALS, rng=seed + 1)
    outputs = simulate(net, trials, rng=seed + 2, states=False).outputs
    record = {
        "task": name,
        **({"parameters": parameters} if parameters else {}),
        "recipe": made,
        "seed": seed,
        "accuracy": task.accuracy(outputs, trials),
        "test_trials": TRIALS,
        "hash": net.hash,
        "versions": {package: version(package) for package in PACKAGES},
    }
    path = save_network(net, Path(rnn.examples.__file__).parent / f"{stem}.npz", record, dtype)
    print(f"{path.name}: accuracy {record['accuracy']:.4f}", flush=True)


def _rounded(net):
    """The network as float32 holds it, so that its hash is that of the file's."""
    arrays = ("J", "I", "w", "h0") if isinstance(net, FullRankRNN) else ("m", "n", "I", "w", "h0")
    return replace(net, **{name: getattr(net, name).astype(np.float32) for name in arrays})


if __name__ == "__main__":
    main()
