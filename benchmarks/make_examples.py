"""Train the networks that ship with the project and write them into rnn/examples.

python benchmarks/make_examples.py [--tasks rdm romo] [--seed 0]
"""

import argparse
from importlib.metadata import version
from pathlib import Path

import rnn.examples
from rnn import save_network, simulate, train_recipe
from tasks import get_task, task_names

TRIALS = 2000
PACKAGES = ("dynsys-rnn", "numpy", "numba")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", choices=task_names(), default=list(task_names()))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(rnn.examples.__file__).parent
    for name in options.tasks:
        net = train_recipe(name, rng=options.seed).net
        task = get_task(name)
        trials = task.trials(TRIALS, rng=options.seed + 1)
        outputs = simulate(net, trials, rng=options.seed + 2, states=False).outputs
        record = {
            "task": name,
            "recipe": f"rnn.train_recipe({name!r}, rng={options.seed})",
            "seed": options.seed,
            "accuracy": task.accuracy(outputs, trials),
            "test_trials": TRIALS,
            "hash": net.hash,
            "versions": {package: version(package) for package in PACKAGES},
        }
        path = save_network(net, folder / f"{name}-r{net.rank}-n{net.units}.npz", record)
        print(f"{path.name}: accuracy {record['accuracy']:.4f}", flush=True)


if __name__ == "__main__":
    main()
