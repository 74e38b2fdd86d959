"""What one Gaussian, or a few, say of trained networks: redrawn networks, the mean-field circuit, the gates.

    python benchmarks/populations.py [--tasks rdm romo] [--draws 100] [--page docs/benchmarks.md]

First table: the networks that ship with the project, and with DYNSYS_PUBLISHED, the folder of the networks published
with Dubreuil et al. 2022, those too. Redrawn networks have as many units as the fit came from and the network's own
noise; R^2 is the circuit's against the network's outputs, noise off. Second table, for the context task: mixtures,
redrawn at 512 units with exact moments and at 4,096 plainly (means with standard errors), and the effective coupling of
the cued feature over that of the other (first cue A, then cue B), in the mixture and in the network itself. It includes
networks trained here at stronger cues, as the published ones were.
"""  # noqa: E501

import argparse
import os
from pathlib import Path

import numpy as np
from pages import put

from dynsys.analysis import circuit_graph, compile_field, run_circuit
from dynsys.populations import fit_populations, redraw
from dynsys.symbolic import mean_field
from rnn import LowRankRNN, load_example, load_network, loadings, recipe, simulate, train
from tasks import get_task, r_squared

TRIALS, SEED = 500, 1
ONE_POPULATION = ("rdm", "romo", "multisensory", "context")
PUBLISHED = {"rdm": "rdm_lr_fig2.pt", "context": "mante_lr_fig1.pt"}
CUES = {"v3": ("v1", "v2"), "v4": ("v2", "v1")}
STRONG = "strong-context-r1-n4096"
TRAINED = ((512, 0.5), (512, 1.0))  # units, amplitude of the cue
FITS = ((2, "free", "soft"), (2, "zero", "hard"), (3, "free", "soft"), (4, "free", "soft"))


def main():
    options = _options()
    published = Path(os.environ.get("DYNSYS_PUBLISHED", ""))
    networks = {(name, "shipped"): load_example(name) for name in options.tasks}
    for name, file in PUBLISHED.items():
        if name in options.tasks and (published / file).is_file():
            networks[name, "published"] = load_network(published / file)
    lines = [
        f"One Gaussian population, {TRIALS} trials, {options.draws} redrawn networks.",
        "",
        "| task | network | units | network accuracy | circuit accuracy | circuit R^2 "
        "| redrawn, mean (lowest) | redrawn, exact moments |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, whose), net in networks.items():
        lines.append(_row(name, whose, one_population(net, get_task(name), options.draws)))
        print(lines[-1], flush=True)
    if "context" in options.tasks:
        lines += [
            "",
            "| context network | units | cue | populations | means, membership | circuit "
            "| redrawn 512, exact | redrawn 4,096, plain | coupling cued/other, mixture | the same, network "
            "|",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for whose, amplitude, net in _context_networks(networks):
            for fit in FITS:
                found = several_populations(net, amplitude, *fit, options.draws)
                lines.append(_context_row(whose, net, amplitude, fit, found))
                print(lines[-1], flush=True)
    text = "\n".join(lines)
    print("\n" + text)
    if options.page:
        put(options.page, "populations", text)


def one_population(net, task, draws):
    """Accuracies of a network, its one-population circuit and redrawn networks; R^2 of the circuit."""
    trials = task.trials(TRIALS, rng=SEED)
    one = fit_populations(loadings(net))
    circuit = run_circuit(compile_field(mean_field(one)), trials)
    return {
        "units": net.units,
        "network": _accuracy(net, task, trials, SEED),
        "circuit": task.accuracy(circuit.z, trials),
        "r_squared": r_squared(circuit.z, simulate(net, trials, states=False).z),
        "redrawn": redrawn(one, net.units, task, trials, draws),
        "exact": redrawn(one, net.units, task, trials, draws, exact_moments=True),
    }


def several_populations(net, amplitude, count, means, membership, draws):
    """The same of a mixture on the context task, and how far each cue opens the way for its feature."""
    task = get_task("context", cue_amplitude=amplitude)
    trials = task.trials(TRIALS, rng=SEED)
    fit = fit_populations(loadings(net), count, means, rng=0, membership=membership)
    return {
        "circuit": circuit_accuracy(fit, task, trials),
        "exact": redrawn(fit, 512, task, trials, draws, exact_moments=True),
        "plain": redrawn(fit, 4096, task, trials, max(draws // 5, 2)),
        "mixture": gating(fit, amplitude),
        "own": gating(net, amplitude),
    }


def circuit_accuracy(populations, task, trials):
    """Accuracy of the mean-field circuit."""
    return task.accuracy(run_circuit(compile_field(mean_field(populations)), trials).z, trials)


def gating(source, amplitude):
    """Size of the effective coupling of the cued feature over that of the other, for each cue."""
    ratios = []
    for cue, features in CUES.items():
        edges = circuit_graph(source, {cue: amplitude}).edges
        cued, other = (abs(edges[feature, "kappa"]["coupling"]) for feature in features)
        ratios.append(cued / other)
    return ratios


def redrawn(populations, units, task, trials, draws, **options):
    """Accuracies (draws,) of redrawn networks with their own noise."""
    nets = (redraw(populations, units, seed, **options) for seed in range(draws))
    return np.array([_accuracy(net, task, trials, seed) for seed, net in enumerate(nets)])


def context_network(units, amplitude, seed=0):
    """Train a network on the context task by its recipe, with a cue of another amplitude."""
    task, known = get_task("context", cue_amplitude=amplitude), recipe("context")
    start = LowRankRNN.random(units, 1, task, rng=seed, noise_std=known.noise_std)
    return train(start, task, known.config, rng=seed + 1).net


def _context_networks(networks):
    for (name, whose), net in networks.items():
        if name == "context":
            yield whose, 0.1, net
    yield "shipped", 1.0, load_example(STRONG)
    for units, amplitude in TRAINED:
        yield "trained here", amplitude, context_network(units, amplitude)


def _accuracy(net, task, trials, seed):
    return task.accuracy(simulate(net, trials, rng=seed, states=False).z, trials)


def _row(name, whose, found):
    return (
        f"| {name} | {whose} | {found['units']} | {found['network']:.3f} | {found['circuit']:.3f} "
        f"| {found['r_squared']:.3f} | {found['redrawn'].mean():.3f} ({found['redrawn'].min():.3f}) "
        f"| {found['exact'].mean():.3f} |"
    )


def _context_row(whose, net, amplitude, fit, found):
    count, means, membership = fit
    exact, plain = (
        f"{found[key].mean():.3f} \N{PLUS-MINUS SIGN} {found[key].std(ddof=1) / len(found[key]) ** 0.5:.3f}"
        for key in ("exact", "plain")
    )
    mixture, own = (", ".join(f"{ratio:.1f}" for ratio in found[key]) for key in ("mixture", "own"))
    return (
        f"| {whose} | {net.units} | {amplitude:g} | {count} | {means}, {membership} | {found['circuit']:.3f} "
        f"| {exact} | {plain} | {mixture} | {own} |"
    )


def _options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", choices=ONE_POPULATION, default=list(ONE_POPULATION))
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--page", type=Path, help="put the tables into this page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
