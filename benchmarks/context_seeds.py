"""How much two populations explain of a network for the context task depends on the network: many seeds.

    python benchmarks/context_seeds.py [--seeds 20] [--large 16] [--page docs/benchmarks.md]

First networks of the recipe (512 units, cue amplitude 0.1), each from its own seed: mixtures of two populations with free
and zero means, soft and hard memberships; the best of the four by redrawn networks (exact moments), judged again on new
ones. Then networks of 4,096 units with a cue of amplitude 1: two populations, zero means, hard memberships; the effective
coupling of the cued feature over the other's, for either cue. The best seeds are those of the networks that ship.
"""  # noqa: E501

import argparse
from pathlib import Path

import numpy as np
from pages import put
from populations import circuit_accuracy, context_network, gating

from dynsys.populations import fit_populations, select_populations
from rnn import loadings, simulate, train_recipe
from tasks import get_task

UNITS, CUE = 4096, 1.0
TRIALS, DRAWS, SEED = 500, 10, 1


def main():
    options = _options()
    lines = [
        "| seed | network | circuit, 2 populations | redrawn 512, exact | fit |",
        "|---|---|---|---|---|",
    ]
    scores = []
    for seed in range(options.seeds):
        scores.append(_report(lines, seed, small(seed)))
    if scores:
        lines += ["", _summary("redrawn", scores), ""]
    lines += [
        "| seed | network | circuit, 2 populations | coupling cued/other, cue A, cue B |",
        "|---|---|---|---|",
    ]
    scores = []
    for seed in range(options.large):
        scores.append(_report(lines, seed, large(seed)))
    if scores:
        lines += ["", _summary("smaller of the two couplings' ratios", scores)]
    text = "\n".join(lines)
    print("\n" + text)
    if options.page:
        put(options.page, "context seeds", text)


def small(seed):
    """A network of the recipe: its score, the accuracy of redrawn networks, and cells of the table."""
    task, net = get_task("context"), train_recipe("context", rng=seed).net
    rows = loadings(net)
    chosen = select_populations(
        rows, task, 2, ("free", "zero"), optima=1, draws=DRAWS, trials=TRIALS, rng=seed
    )
    fit = f"{chosen.best.means_kind} means, {chosen.best.source['membership']}"
    trials = task.trials(TRIALS, rng=SEED)
    return chosen.accuracy, (
        f"{_accuracy(net, task, trials):.3f}",
        f"{circuit_accuracy(chosen.best, task, trials):.3f}",
        f"{chosen.accuracy:.3f} \N{PLUS-MINUS SIGN} {chosen.error:.3f}",
        fit,
    )


def large(seed):
    """A network with a strong cue: its score, the smaller ratio of couplings, and cells of the table."""
    task = get_task("context", cue_amplitude=CUE)
    net = context_network(UNITS, CUE, seed)
    two = fit_populations(loadings(net), 2, "zero", rng=0, membership="hard")
    trials, ratios = task.trials(TRIALS, rng=SEED), gating(two, CUE)
    return min(ratios), (
        f"{_accuracy(net, task, trials):.3f}",
        f"{circuit_accuracy(two, task, trials):.3f}",
        ", ".join(f"{ratio:.1f}" for ratio in ratios),
    )


def _accuracy(net, task, trials):
    return task.accuracy(simulate(net, trials, rng=SEED, states=False).z, trials)


def _report(lines, seed, found):
    score, cells = found
    lines.append(f"| {seed} | {' | '.join(cells)} |")
    print(lines[-1], flush=True)
    return score


def _summary(what, scores):
    lowest, middle, highest = np.quantile(scores, (0, 0.5, 1))
    return (
        f"{what.capitalize()}, over {len(scores)} seeds: {lowest:.3f} to {highest:.3f}, median {middle:.3f}; "
        f"the highest from seed {int(np.argmax(scores))}."
    )


def _options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20, help="networks of the recipe")
    parser.add_argument("--large", type=int, default=16, help="networks of 4,096 units")
    parser.add_argument("--page", type=Path, help="put the tables into this page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
