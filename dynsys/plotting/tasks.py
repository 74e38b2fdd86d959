"""Pictures of tasks: one trial with every channel, choices against two conditions, reaches."""

import numpy as np

from dynsys.plotting.activity import EPOCH_SHADES
from dynsys.plotting.style import BLUE, GREY, LINE, VERMILLION, add_legend, axes, plain
from tasks.checks import as_array, check_count
from tasks.errors import InputError

ROW, REACH = 2.3, 0.85  # distance of two rows, and the height that the largest value of a row is given
MOST_TICKS = 9  # along a side of a matrix


def plot_trial(trials, trial=0, outputs=None, ax=None):
    """One trial: a row for each input and each target, the epochs shaded and named.

    Targets are drawn where they count (mask > 0); inputs share one scale and targets another, whose largest
    value stands at the right of each row. In closed loop with a plant, the inputs are what was sensed.

    Parameters
    ----------
    trials : Trials
        The trials.
    trial : int, default 0
        Which of them.
    outputs : Trajectory or array_like (B, T, O), optional
        What a network did in these trials; its outputs are drawn over the targets.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import get_task
    >>> ax = plot_trial(get_task("context").trials(1, rng=0), ax=new_figure()[1])
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['choice', 'cue B', 'cue A', 'B', 'A']
    """
    if check_count("trial", trial, 0) >= trials.size:
        raise InputError(f"trial: there are {trials.size} trials, numbered from 0; got {trial}")
    names = (*trials.input_names, *trials.output_names)
    ax = axes(ax, size=(4.6, 0.6 + 0.42 * len(names)))
    edges = trials.dt * np.arange(trials.steps + 1)
    u, target = trials.inputs[trial], np.where(trials.mask[trial] > 0, trials.targets[trial], np.nan)
    z = None
    if outputs is not None:
        z = as_array(
            "outputs", getattr(outputs, "outputs", outputs), trials.targets.shape, "(B, T, O)", finite=False
        )[trial]
    if trials.plant is not None and getattr(outputs, "plant", None) is not None:
        u = u + trials.plant.sensed(outputs.plant[trial])
    places = ROW * np.arange(len(names))[::-1]

    for row, place in enumerate(places):
        ax.axhline(place, color=GREY, linewidth=0.4, zorder=1)
        if row < u.shape[1]:
            size = _scale(u)
            ax.stairs(place + REACH * u[:, row] / size, edges, baseline=None, color=BLUE, linewidth=0.9)
        else:
            channel = row - u.shape[1]
            size = _scale(trials.targets[trial])
            ax.plot(trials.time, place + REACH * target[:, channel] / size, color=GREY, linewidth=3.2 * LINE,
                    solid_capstyle="butt", label="target")  # fmt: skip
            _mark_single_steps(ax, trials.time, place + REACH * target[:, channel] / size)
            if z is not None:
                ax.plot(trials.time, place + REACH * z[:, channel] / size, color=VERMILLION, linewidth=LINE,
                        label="output")  # fmt: skip
        ax.annotate(f"\u00b1{size:.2g}", (1.0, place), xycoords=("axes fraction", "data"), xytext=(3, 0),
                    textcoords="offset points", va="center", color=GREY, fontsize=6)  # fmt: skip
    _shade(ax, trials, trial)
    ax.set_yticks(places[::-1], [plain(name) for name in names[::-1]])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(xlabel="time (ms)", xlim=(0, edges[-1]), ylim=(-0.6 * ROW, places[0] + 0.6 * ROW))
    if z is not None:
        handles = dict(zip(*ax.get_legend_handles_labels()[::-1]))
        add_legend(ax, handles=list(handles.values()), loc="upper left", bbox_to_anchor=(1.1, 1.0))
    return ax


def plot_psychometric_matrix(matrix, ax=None):
    """Share of positive choices for each pair of values of two conditions, from blue (0) to red (1).

    Parameters
    ----------
    matrix : PsychometricMatrix
        From `tasks.psychometric_matrix`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import get_task, psychometric_matrix
    >>> trials = get_task("context").trials(500, rng=0)
    >>> matrix = psychometric_matrix(trials.targets, trials, "coherence A", "coherence B")
    >>> plot_psychometric_matrix(matrix, new_figure()[1]).get_xlabel()
    'coherence B'
    """
    ax = axes(ax, size=(3.2, 2.7))
    image = ax.imshow(matrix.probability, cmap="RdBu_r", vmin=0.0, vmax=1.0, origin="lower", aspect="auto")
    bar = ax.figure.colorbar(image, ax=ax)
    bar.set_label("positive choices", fontsize=ax.xaxis.label.get_size())
    bar.ax.tick_params(labelsize=ax.xaxis.label.get_size() - 1)
    for axis, levels in ((ax.xaxis, matrix.columns), (ax.yaxis, matrix.rows)):
        every = -(-len(levels) // MOST_TICKS)
        axis.set_ticks(range(0, len(levels), every), [_short(value) for value in levels[::every]])
    ax.set(xlabel=plain(matrix.conditions[1]), ylabel=plain(matrix.conditions[0]))
    return ax


def plot_reaches(trials, positions, ax=None):
    """Paths in the plane from the origin, with the end of each and the target it was meant for.

    Parameters
    ----------
    trials : Trials
        Of the task "reach".
    positions : Trajectory or array_like (B, T, 2)
        What a network did in these trials, or the positions themselves.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import get_task
    >>> trials = get_task("reach", directions=8).trials(8, rng=0)
    >>> plot_reaches(trials, 0.9 * trials.targets, new_figure()[1]).get_aspect()
    1.0
    """
    ax = axes(ax, size=(3.0, 3.0))
    shape = (trials.size, trials.steps, 2)
    paths = as_array("positions", getattr(positions, "outputs", positions), shape, "(B, T, 2)", finite=False)
    goals = as_array("trials.targets", trials.targets, shape, "(B, T, 2)")[:, -1]
    ax.plot(*paths.transpose(2, 1, 0), color=VERMILLION, linewidth=0.6, alpha=0.7, zorder=2)
    ax.plot(*goals.T, "o", color="none", markeredgecolor=GREY, markersize=7, label="target")
    ax.plot(*paths[:, -1].T, "o", color=VERMILLION, markersize=2.5, label="end of the reach", zorder=3)
    reach = 1.15 * max(np.abs(goals).max(), min(np.abs(paths).max(), 3 * np.abs(goals).max()))
    ax.set(xlabel=plain(trials.output_names[0]), ylabel=plain(trials.output_names[1]), aspect="equal",
           xlim=(-reach, reach), ylim=(-reach, reach))  # fmt: skip
    add_legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _shade(ax, trials, trial):
    """Shade every other epoch; write each name over it, higher by turns where it is narrow."""
    for i, (name, bounds) in enumerate(trials.epochs.items()):
        start, stop = trials.dt * bounds[trial]
        if stop <= start:
            continue
        ax.axvspan(start, stop, color=EPOCH_SHADES[i % 2], zorder=0, linewidth=0)
        narrow = stop - start < 0.16 * trials.dt * trials.steps
        ax.annotate(plain(name), ((start + stop) / 2, 1.0), xycoords=("data", "axes fraction"),
                    xytext=(0, 9 if narrow and i % 2 else 1.5), textcoords="offset points",
                    ha="center", va="bottom", color=GREY, fontsize=6.5)  # fmt: skip


def _mark_single_steps(ax, time, values):
    """A target that counts in a single step has no line; give it a dot."""
    alone = (
        np.isfinite(values)
        & ~np.isfinite(np.r_[np.nan, values[:-1]])
        & ~np.isfinite(np.r_[values[1:], np.nan])
    )
    if alone.any():
        ax.plot(time[alone], values[alone], "o", color=GREY, markersize=4, clip_on=False)


def _scale(values):
    return max(float(np.abs(values).max(initial=0.0)), 1e-12)


def _short(value):
    return f"{value:g}".replace("-", "\u2212") if np.isreal(value) else plain(value)
