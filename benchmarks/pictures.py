"""Draw the figures of the pages in docs: one trial of each task with the outputs of the network that ships for it,
and for the README the phase plane and the bifurcations of one of them.

    python benchmarks/pictures.py [--folder docs/figures] [--tasks rdm romo]

Inputs are blue, targets grey where they count (where the mask is not 0), the network's outputs orange; what a trial
shows depends on the seeds below and on nothing else.
"""  # noqa: E501

import argparse
from pathlib import Path

from dynsys.analysis import bifurcation_diagram, phase_portrait, reduced_field
from dynsys.plotting import new_figure, plot_bifurcation, plot_portrait, plot_trial
from dynsys.plotting.style import own_settings
from rnn import load_example, simulate
from tasks import get_task, task_names

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "figures"
DPI = 110
TRIALS, TRIAL_SEED, NOISE_SEED = 8, 1, 2
# Of those trials the one that shows most: features that disagree, both modalities, many pulses.
SHOWN = {"romo": 2, "context": 5, "multisensory": 3, "dms": 7, "flipflop": 1, "bistable": 3, "reach": 2}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--tasks", nargs="+", choices=task_names(), default=list(task_names()))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.tasks:
        path = options.folder / f"trial-{name}.png"
        draw_trial(name, path)
        print(f"{path}: {path.stat().st_size} bytes")
    draw_mechanism(load_example("dms-r2-n512"), options.folder / "mechanism.png")


def draw_trial(name, path):
    """One trial of a task, with the outputs of its network."""
    trials = get_task(name).trials(TRIALS, rng=TRIAL_SEED)
    run = simulate(load_example(name), trials, rng=NOISE_SEED, states=False)
    with own_settings():
        rows = len(trials.input_names) + len(trials.output_names)
        figure, ax = new_figure(size=(5.6, 0.7 + 0.34 * rows))
        plot_trial(trials, SHOWN.get(name, 0), run, ax)
        figure.savefig(path, dpi=DPI, metadata={"Software": None})


def draw_mechanism(net, path):
    """Phase plane of a network at rest, and what becomes of it along the recurrent gain."""
    field = reduced_field(net)
    with own_settings():
        figure, (plane, branches) = new_figure(1, 2, size=(8.6, 3.3))
        plot_portrait(phase_portrait(field), plane, key=False, title="at rest")
        plot_bifurcation(bifurcation_diagram(field, "gain", (0.0, 1.5)), ax=branches)
        branches.set_title("along the recurrent gain", loc="left")
        figure.savefig(path, dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    main()
