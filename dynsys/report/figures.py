"""The figures of a report: which results stand side by side, and what is said under them."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from dynsys.analysis.graphs import circuit_graph
from dynsys.plotting.activity import (
    plot_accuracies,
    plot_inputs,
    plot_learning_curve,
    plot_outputs,
    plot_psychometric,
)
from dynsys.plotting.bifurcation import plot_bifurcation
from dynsys.plotting.connectivity import plot_histogram, plot_loadings
from dynsys.plotting.graphs import plot_circuit
from dynsys.plotting.moments import plot_correlation
from dynsys.plotting.phase import plot_flow, plot_trajectories
from dynsys.plotting.phase_plane import plot_portrait
from dynsys.plotting.states import plot_variance_explained
from dynsys.plotting.style import (
    BLACK,
    BLUE,
    GREY,
    add_legend,
    colors_of,
    condition_legend,
    new_figure,
    trial_colors,
)
from dynsys.populations.tables import moment_table
from rnn.connectivity import loadings

WIDTH = 7.2
# Trials and traces shown in one panel.
SHOWN = 12
COLUMNS = 3  # of bifurcation diagrams, at most
MOST_NODES = 9  # of a circuit that can still be read


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with its name and caption.

    Parameters
    ----------
    name : str
        Of its files.
    caption : str
        What it shows.
    figure : matplotlib.figure.Figure
        The figure, outside pyplot.

    Examples
    --------
    >>> Picture("flow", "The flow.", new_figure()[0]).name
    'flow'
    """

    name: str
    caption: str
    figure: Figure


def pictures(analysis):
    """All figures of a report that the analysis has results for, by name.

    Parameters
    ----------
    analysis : Analysis
        From `analyse`.

    Returns
    -------
    dict of str to Picture

    Examples
    --------
    >>> from dynsys.report import analyse
    >>> from rnn import LowRankRNN
    >>> m, z = np.random.default_rng(0).standard_normal((2, 50))
    >>> list(pictures(analyse(LowRankRNN(m, 1.5 * m + z, z, 4 * m), rng=0, redraws=1)))
    ['loadings', 'redrawn', 'mechanism', 'fixed_points', 'bifurcations']
    """
    drawn = [
        draw(analysis)
        for draw in (_task, _loadings, _redrawn, _mechanism, _fixed_points, _bifurcations, _circuit)
    ]
    return {picture.name: picture for picture in drawn if picture is not None}


def _task(analysis):
    done = analysis.performance
    if done is None:
        return None
    layout = (
        ["inputs", "outputs"]
        + ["psychometric"] * bool(done.psychometric)
        + ["learning"] * bool(analysis.training)
    )
    rows = [layout] if len(layout) < 4 else [layout[:2], layout[2:]]
    figure, panels = new_figure(mosaic=rows, size=(WIDTH, 2.5 if len(rows) == 1 else 4.9))
    trials = _spread(done.trials, SHOWN)
    plot_inputs(done.trials.select(trials), ax=panels["inputs"])
    plot_outputs(
        done.trials.select(trials), done.outputs[trials], limit=SHOWN, ax=panels["outputs"], key=False
    )
    _, levels, name = trial_colors(done.trials)
    _key_below(figure, levels, name)
    caption = ["Inputs of some test trials, with their noise.", "The network's outputs; thick grey: target."]
    if "psychometric" in panels:
        plot_psychometric(done.psychometric, panels["psychometric"])
        caption.append(
            "Share of positive choices for stimuli down to a tenth of the weakest it was trained on "
            "(bars: binomial standard errors)."
        )
    if "learning" in panels:
        plot_learning_curve(analysis.training, panels["learning"])
        caption.append("Loss and accuracy after each epoch of training.")
    return _picture("task", figure, panels.values(), caption)


def _loadings(analysis):
    pairs = _pairs(analysis.loadings)
    names = ["-".join(pair) for pair in pairs]
    half = (len(names) + 1) // 2
    rows = [[*names[:half], "table"], [*names[half:], *["."] * (2 * half - len(names)), "table"]]
    figure, panels = new_figure(mosaic=rows, size=(WIDTH, 3.5), width_ratios=[1] * half + [1.25 * half])
    for name, (x, y) in zip(names, pairs):
        plot_loadings(analysis.loadings, x, y, analysis.populations, panels[name])
    table = moment_table(analysis.loadings, analysis.populations)
    plot_correlation(table, ax=panels["table"])
    listed = ", ".join(f"{x} and {y}" for x, y in pairs)
    caption = [
        f"Loadings {listed}: a dot for each unit; ellipses: one and two s.d. of the fitted Gaussian.",
        f"Correlations with standard errors; bold: not zero (level {table.level:g} for the whole table).",
    ]
    return _picture("loadings", figure, [panels[names[0]], panels["table"]], caption)


def _mechanism(analysis):
    """The circuit at rest where it can be read, and whether the activity has its dimensions."""
    graph, done = circuit_graph(analysis.populations), analysis.performance
    draws = []
    if len(graph) <= MOST_NODES:
        draws.append(_draw_circuit(graph))
    if done is not None and done.components is not None:
        text = "Principal components of the network's activity, with its noise."
        draws.append((lambda ax: plot_variance_explained(done.components, count=5, ax=ax), text))
    if not draws:
        return None
    size = (WIDTH if len(draws) > 1 else 0.6 * WIDTH, 2.6)
    figure, panels = new_figure(1, len(draws), size, squeeze=False)
    for (draw, _), ax in zip(draws, panels.flat):
        draw(ax)
    return _picture("mechanism", figure, panels.flat, [text for _, text in draws])


def _draw_circuit(graph):
    title = f"at rest, gain {graph.graph['gains'].mean():.2f}"
    text = (
        "The equivalent circuit with its effective couplings where nothing is on. Blue: positive; orange: "
        "negative; width: size. Activity lowers the gain, and with it every coupling."
    )
    return lambda ax: plot_circuit(graph, ax, title=title), text


def _redrawn(analysis):
    redrawn = analysis.redrawn
    if redrawn.first is None:
        return None
    figure, panels = new_figure(1, 3 if redrawn.accuracies.size else 2, (WIDTH, 2.4))
    other = loadings(redrawn.first)
    columns = [analysis.loadings.names[0], analysis.loadings.names[analysis.loadings.rank]]
    for name, ax in zip(columns, panels):
        plot_histogram(analysis.loadings, name, other, ax)
    caption = [f"Histogram of {name}, trained and redrawn." for name in columns]
    if redrawn.accuracies.size:
        plot_accuracies(redrawn.accuracies, analysis.performance.accuracy["network"], panels[-1])
        caption.append(f"Accuracy of {redrawn.accuracies.size} redrawn networks.")
    return _picture("redrawn", figure, panels, caption)


def _fixed_points(analysis):
    ours, theirs = analysis.network_dynamics, analysis.mean_field_dynamics
    if not ours.portraits:
        return None
    if ours.field.dimension > 1:
        return _phase_planes(ours, theirs)
    several = len(ours.portraits) > 1
    figure, panels = new_figure(1, 2 if several else 1, (WIDTH if several else 0.6 * WIDTH, 2.8), sharey=True)
    panels = np.atleast_1d(panels)
    plot_flow(ours.portraits[0], panels[0], BLACK, "network")
    plot_flow(theirs.portraits[0], panels[0], BLUE, "mean field")
    add_legend(panels[0])
    caption = ["Flow of kappa without input, in the network (exact, finite N) and in the mean field."]
    if several:
        levels = [next(iter(p.inputs.values())) if len(p.inputs) == 1 else None for p in ours.portraits]
        single = all(level is not None for level in levels)
        colors = colors_of(levels) if single else colors_of([str(i) for i in range(len(levels))])
        for portrait, color in zip(ours.portraits, colors):
            plot_flow(portrait, panels[1], color, arrows=False)
        panels[1].set_ylabel("")
        if single:
            order = np.argsort(levels)
            condition_legend(
                panels[1], [levels[i] for i in order], f"input {next(iter(ours.portraits[0].inputs))}"
            )
        caption.append("The same flow in the network at each constant input of the task.")
    caption[-1] += " Filled: stable; open: unstable; arrows: where kappa goes."
    return _picture("fixed_points", figure, panels, caption)


def _phase_planes(ours, theirs):
    figure, panels = new_figure(1, 2, (WIDTH, 3.4), sharex=True, sharey=True)
    for dynamics, ax in zip((ours, theirs), panels):
        plot_portrait(dynamics.portraits[0], ax, title=dynamics.name)
    _legend_below(figure, panels)
    caption = [
        "Phase plane without input: the network (exact, finite N).",
        "The mean field. Tints: basins of the attractors.",
    ]
    return _picture("fixed_points", figure, panels, caption)


def _bifurcations(analysis):
    ours, theirs = analysis.network_dynamics, analysis.mean_field_dynamics
    count, states = len(ours.diagrams), min(ours.field.dimension, COLUMNS)
    places = [(k, i) for k in range(states) for i in range(count)]
    columns = min(count, COLUMNS)
    if states > 1 and count > COLUMNS:  # a row for each diagram, a column for each coordinate
        places, columns = [(k, i) for i in range(count) for k in range(states)], states
    rows = -(-len(places) // columns)
    size = (WIDTH if columns > 1 else 0.6 * WIDTH, 2.7 * rows)
    figure, panels = new_figure(rows, columns, size, squeeze=False)
    for ax in panels.flat[len(places) :]:
        ax.remove()
    for ax, (k, i) in zip(panels.flat, places):
        plot_bifurcation(ours.diagrams[i], k, ax, BLACK, "network", linewidth=2.4, band_color=GREY)
        plot_bifurcation(theirs.diagrams[i], k, ax, BLUE, "mean field", linewidth=1.2)
    _legend_below(figure, panels.flat[: len(places)])
    names = [diagram.parameter for diagram in ours.diagrams]
    along = ["recurrent gain g" if name == "gain" else f"input {name}" for name in names]
    caption = [f"Fixed points along the {name}." for name in along]
    caption[-1] += " Solid: stable; dashed: unstable; markers: special points."
    if any(diagram.cycles for diagram in (*ours.diagrams, *theirs.diagrams)):
        caption[-1] += " Bands: cycles, from their least to their greatest value."
    if states < ours.field.dimension:
        caption[-1] += f" Shown are {', '.join(ours.field.state[:states])}."
    first = [ax for ax, (k, _) in zip(panels.flat, places) if k == 0]
    return _picture("bifurcations", figure, first, caption)


def _circuit(analysis):
    done = analysis.performance
    if done is None:
        return None
    figure, panels = new_figure(1, 2, (WIDTH, 3.0))
    plot_outputs(done.examples, done.traces, limit=SHOWN, ax=panels[0], key=False)
    diagram = next((d for d in analysis.network_dynamics.diagrams if d.parameter != "gain"), None)
    if diagram is not None:
        plot_bifurcation(diagram, 0, panels[1], GREY)
        panels[1].get_legend().remove()
    plot_trajectories(done.examples, done.traces["network"], limit=SHOWN, ax=panels[1], key=False)
    _, levels, name = trial_colors(done.examples)
    _key_below(figure, levels, name)
    v = "v" if diagram is None else diagram.parameter
    kappa = analysis.network_dynamics.field.state[0]
    caption = [
        "Outputs in one trial of each condition, all noise off: network, first redrawn network, circuit.",
        f"The network's trajectories in the same trials, in the plane of the filtered input {v} and of "
        f"{kappa} (square: end of trial), over the fixed points at constant {v} (grey; dashed: unstable).",
    ]
    return _picture("circuit", figure, panels, caption)


def _picture(name, figure, panels, sentences):
    """Letter the panels and put the letters before the sentences of the caption."""
    panels = list(panels)
    if len(panels) == 1:
        return Picture(name, " ".join(sentences), figure)
    for letter, ax in zip("abcdefghij", panels):
        size = 1.25 * ax.xaxis.label.get_size()
        ax.annotate(letter, (0, 1), (-26, 7), xycoords="axes fraction", textcoords="offset points",
                    fontsize=size, fontweight="bold", ha="right", va="bottom")  # fmt: skip
    return Picture(
        name, " ".join(f"({letter}) {text}" for letter, text in zip("abcdefghij", sentences)), figure
    )


def _key_below(figure, levels, name):
    """The colours of the conditions, once for all panels."""
    if len(levels):
        size = 0.88 * figure.axes[0].xaxis.label.get_size()
        key = condition_legend(figure.axes[0], levels, name)
        figure.legend(
            key.legend_handles, [text.get_text() for text in key.get_texts()], title=name,
            loc="outside lower center", ncols=len(levels), frameon=False, fontsize=size, title_fontsize=size,
            handlelength=1.6,
        )  # fmt: skip
        key.remove()


def _legend_below(figure, panels):
    """One legend for several panels, each entry once."""
    entries = {}
    for ax in panels:
        entries |= {
            label: handle for handle, label in zip(*ax.get_legend_handles_labels()) if label not in entries
        }
        if ax.get_legend() is not None:
            ax.get_legend().remove()
    size, columns = 0.88 * figure.axes[0].xaxis.label.get_size(), 6 if len(entries) <= 6 else 4
    figure.legend(
        entries.values(), entries, loc="outside lower center", ncols=columns, frameon=False, fontsize=size
    )


def _pairs(rows):
    """Up to four telling pairs of loadings: each m_r with its n_r, then n with I, m with I, m with w."""
    R, names = rows.rank, rows.names
    m, n = names[:R], names[R : 2 * R]
    I, w = names[2 * R : 2 * R + rows.inputs], names[2 * R + rows.inputs :]
    wanted = list(zip(m, n))[:2]
    wanted += [(i, n[0]) for i in I[:1]] + [(i, m[0]) for i in I[:1]] + [(m[0], o) for o in w[:1]]
    wanted += [(n[0], o) for o in w[:1]]
    return wanted[:4]


def _spread(trials, count):
    """Indices of trials that show the conditions in turn."""
    if not trials.conditions:
        return np.arange(min(count, trials.size))
    values = np.asarray(next(iter(trials.conditions.values())))  # one number a trial, or several
    which = np.unique(values.reshape(len(values), -1), axis=0, return_inverse=True)[1].ravel()
    turn = np.array([np.sum(which[:b] == which[b]) for b in range(trials.size)])
    return np.lexsort((which, turn))[:count]
