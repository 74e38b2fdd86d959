"""What the networks that ship with the project do beyond their accuracy, as tables.

    python benchmarks/behaviour.py [--page docs/benchmarks.md]

Bistable: pulses answered, and the law of the dwell times that noise on the drives alone leads to. Flip-flop: each of
the eight states held. Reach: end-point errors on directions that were never trained, with and without feedback, and
what of the plant's state can be read from kappa. Full rank: accuracy against the rank that J - J_0 is cut to.
"""  # noqa: E501

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from pages import put

from rnn import load_example, simulate, truncate
from tasks import (
    dwell_law,
    dwell_times,
    end_point_errors,
    escape_law,
    get_task,
    lagged_readout,
    segments_held,
    states_held,
)

DRIVE_NOISE = (0.16, 0.18, 0.2, 0.24, 0.28, 0.32)
WEAK_NOISE = 4  # of these, the weakest ones, for the law of the rate
SCHMITT = 0.5  # a switch counts when the output passes it on the other side
LAGS_MS = (-200, -100, -60, 0, 60, 100, 200)
RANKS = (1, 2, 3, 4, 5, 6)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--page", type=Path, help="put the tables into this page, too")
    options = parser.parse_args()
    parts = (*bistable(), *flip_flop(), *reach(), *full_rank())
    text = "\n".join(parts)
    print(text)
    if options.page:
        put(options.page, "behaviour", text)


def bistable(trials=2000, runs=64, duration=400_000.0):
    """Pulses answered; dwell times without pulses, against an exponential law; the rate against noise."""
    net, task = load_example("bistable"), get_task("bistable")
    drawn = task.trials(trials, rng=1)
    outputs = simulate(net, drawn, rng=2, states=False).z
    pulses = int(drawn.conditions["switches"].sum()) + trials
    yield "**Bistable.** " + (
        f"The percept is right at every step between two pulses after {segments_held(outputs, drawn):.2%} of "
        f"{pulses} pulses ({trials} trials, private noise on)."
    )
    yield (
        f"\nWithout pulses and without private noise ({runs} trials of {duration / 1000:.0f} s; a switch "
        f"counts at {SCHMITT:g} on the other side):\n"
    )
    yield (
        "| noise on the drives | dwell times | mean (s) | variation | distance from exponential | rejected "
        "at 5 % above | delay (ms) | distance after the delay |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    laws = [noise_driven(net, sigma, runs, duration) for sigma in DRIVE_NOISE]
    for sigma, law in zip(DRIVE_NOISE, laws):
        yield (
            f"| {sigma:g} | {len(law.times)} | {law.mean / 1000:.2f} | {law.variation:.3f} "
            f"| {law.distance:.3f} | {law.critical_distance:.3f} | {law.delay:.0f} "
            f"| {law.delayed_distance:.3f} |"
        )
    weak = escape_law(DRIVE_NOISE[:WEAK_NOISE], laws[:WEAK_NOISE])
    yield (
        f"\nRate against noise, the {WEAK_NOISE} weakest: {1000 * weak.prefactor:.3f} / s x "
        f"exp(-b / sigma^2) with b = {weak.barrier:.4f} +- {weak.barrier_error:.4f}, R^2 of ln rate "
        f"{weak.explained:.4f}.\n"
    )


def noise_driven(net, sigma, runs, duration):
    """The law of the dwell times under noise on the drives alone."""
    task = get_task("bistable", dwell=1e9, duration=duration, input_noise=sigma)
    drawn = task.trials(runs, rng=5)
    return dwell_law(dwell_times(simulate(net, drawn, states=False).z[:, :, 0], task.dt, SCHMITT))


def flip_flop(trials=2000, long=10_000.0):
    """Each state between pulses, and after the opening pulses alone."""
    net = load_example("flipflop")
    yield f"**Flip-flop.** Each of the eight states, over {trials} trials with private noise:\n"
    tables = []
    for options in ({}, {"interval": 1e9, "duration": long}):
        drawn = get_task("flipflop", **options).trials(trials, rng=1)
        tables.append(states_held(simulate(net, drawn, rng=2, states=False).z, drawn))
    yield (
        "| state | stretches between pulses | held throughout | "
        f"held for {long / 1000:.0f} s without a pulse |"
    )
    yield "|---|---|---|---|"
    for state, (share, count) in tables[0].items():
        signs = " ".join("+" if sign > 0 else "\u2212" for sign in state)
        alone, number = tables[1][state]
        yield f"| {signs} | {count} | {share:.2%} | {alone:.2%} of {number} |"
    yield ""


def reach(trials=1280):
    """End-point errors between the directions of training; what can be read of the plant, and when."""
    net = load_example("reach")
    task = get_task("reach", directions=64, offset=np.pi / 64)  # none of them among the 16 of training
    drawn = task.trials(trials, rng=1)
    run = simulate(net, drawn, rng=2, states=False)
    cut = replace(task, feedback=False).trials(trials, rng=1)
    yield f"**Reach.** 64 directions between the 16 of training, {trials} trials with all noise:\n"
    yield "| | mean end-point error | 95 % of trials below | largest |"
    yield "|---|---|---|---|"
    for name, did, batch in (
        ("with feedback", run, drawn),
        ("position and velocity cut", simulate(net, cut, rng=2, states=False), cut),
    ):
        errors = end_point_errors(did.outputs, batch)
        yield f"| {name} | {errors.mean():.4f} | {np.quantile(errors, 0.95):.4f} | {errors.max():.4f} |"
    yield (
        "\nR^2 of a linear read-out of the plant from go on (fitted to one half of the trials, judged on the "
        "other); at lag L the state L ms later is read: 0 is the present, and feedback tells of -60:\n"
    )
    go = slice(drawn.epochs["reach"][0, 0], None)
    plant = run.plant[:, go, :4]
    sensed = (drawn.inputs + drawn.plant.sensed(run.plant))[:, go, 3:7]
    lags = [round(lag / task.dt) for lag in LAGS_MS]
    yield "| read from | read | " + " | ".join(f"{lag:+d}" if lag else "0" for lag in LAGS_MS) + " |"
    yield "|---|---|" + "---|" * len(LAGS_MS)
    for name, features in (
        ("kappa", run.kappa[:, go]),
        ("v, the filtered inputs", run.v[:, go]),
        ("kappa and v", np.concatenate([run.kappa, run.v], axis=2)[:, go]),
        ("the feedback of this step", sensed),
    ):
        found = lagged_readout(features, plant, lags)
        for what, columns in (("position", [0, 1]), ("velocity", [2, 3])):
            cells = " | ".join(f"{value:.3f}" for value in found.explained[:, columns].mean(axis=1))
            yield f"| {name} | {what} | {cells} |"
    yield ""


def full_rank(trials=2000):
    """Accuracy of the learned part of a full-rank network, cut to its leading singular vectors."""
    net, initial = load_example("full-romo-n256"), load_example("full-romo-n256-initial")
    task = get_task("romo")
    drawn = task.trials(trials, rng=1)

    def accuracy(judged):
        return task.accuracy(simulate(judged, drawn, rng=2, states=False).z, drawn)

    cuts = [accuracy(truncate(net, rank, initial=initial)) for rank in RANKS]
    yield f"**Full rank** (`full-romo-n256`), J - J_0 cut to a lower rank, {trials} trials:\n"
    yield "| J | J_0 | " + " | ".join(f"rank {rank}" for rank in RANKS) + " |"
    yield "|---|---|" + "---|" * len(RANKS)
    yield "| " + " | ".join(f"{value:.3f}" for value in (accuracy(net), accuracy(initial), *cuts)) + " |"


if __name__ == "__main__":
    main()
