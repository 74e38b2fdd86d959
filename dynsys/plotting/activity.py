"""Pictures of what networks and circuits do: learning, inputs, outputs, psychometric curves, accuracies."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from matplotlib.ticker import PercentFormatter

from dynsys.plotting.style import (
    BLACK,
    CYCLE,
    GREY,
    LINE,
    ORANGE,
    ROLES,
    VERMILLION,
    add_legend,
    axes,
    condition_legend,
    plain,
    say,
    trial_colors,
)

LETTER = 0.6  # width of a letter in sizes of its font
EPOCH_SHADES = ("#F0F0F0", "#FFFFFF")


def plot_learning_curve(result, ax=None):
    """Loss (logarithmic scale, left) and accuracy (right) after each epoch of training.

    Parameters
    ----------
    result : TrainResult
        From `rnn.train`; ``losses`` and ``accuracies`` are drawn, and a line where a stage begins.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out. The accuracy goes to a twin of it.

    Returns
    -------
    matplotlib.axes.Axes
        The one with the loss.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from dynsys.plotting.style import new_figure
    >>> run = SimpleNamespace(losses=np.array([1.0, 0.1]), accuracies=np.array([0.5, 1.0]))
    >>> plot_learning_curve(run, new_figure()[1]).get_yscale()
    'log'
    """
    ax = axes(ax)
    losses, accuracies = np.asarray(result.losses), np.asarray(result.accuracies)
    ax.set(xlabel="epoch", ylabel="training loss")
    if not losses.size:
        say(ax, "no epoch was completed")
        return ax
    epochs = np.arange(1, losses.size + 1)
    ax.plot(epochs, losses, "o-", color=BLACK, linewidth=LINE, markersize=3, label="loss")
    ax.set_yscale("log")
    stages = [record.stage for record in getattr(result, "history", ())]
    for epoch, (before, after) in enumerate(pairwise(stages), start=1):
        if before != after:
            ax.axvline(epoch + 0.5, color=GREY, linewidth=0.7, zorder=0)
            ax.set_xlabel("epoch (a line where a stage begins)")
    if accuracies.size:
        right = ax.twinx()
        right.plot(epochs, accuracies, "s-", color=VERMILLION, linewidth=LINE, markersize=3, label="accuracy")
        right.set_ylim(min(0.45, accuracies.min() - 0.05), 1.03)
        _percent(right.yaxis)
        size = ax.xaxis.label.get_size()
        right.set_ylabel("accuracy", fontsize=size, color=VERMILLION)
        right.tick_params(labelsize=ax.yaxis.get_ticklabels()[0].get_size(), width=0.7, colors=VERMILLION)
        right.spines[["top", "left", "bottom"]].set_visible(False)
        right.spines["right"].set(visible=True, color=VERMILLION, linewidth=ax.spines["left"].get_linewidth())
    return ax


def plot_psychometric(curves, ax=None):
    """Share of positive choices against the strength of the stimulus, with binomial standard errors.

    Parameters
    ----------
    curves : PsychometricCurve or mapping of str to PsychometricCurve
        One curve, or several by name ("network", "redrawn", "circuit" have their own colours).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import get_task, psychometric_curve
    >>> trials = get_task("rdm").trials(100, rng=0)
    >>> curve = psychometric_curve(trials.targets, trials)
    >>> plot_psychometric(curve, new_figure()[1]).get_xlabel()
    'coherence'
    """
    ax = axes(ax)
    curves = dict(curves) if isinstance(curves, Mapping) else {"network": curves}
    ax.axhline(0.5, color=GREY, linewidth=0.5, zorder=0)
    ax.axvline(0.0, color=GREY, linewidth=0.5, zorder=0)
    for i, (name, curve) in enumerate(curves.items()):
        look = ROLES.get(name, {"color": CYCLE[i % len(CYCLE)], "linestyle": "-", "marker": "o"})
        ax.errorbar(curve.levels, curve.probability, curve.errors, linewidth=LINE, markersize=3.2, capsize=2,
                    elinewidth=0.8, label=plain(name), **look)  # fmt: skip
    if not curves:
        say(ax, "no psychometric curve")
    names = sorted({curve.condition for curve in curves.values()})
    ax.set(xlabel=plain(", ".join(names)) or "condition", ylabel="positive choices", ylim=(-0.04, 1.04))
    ax.xaxis.get_major_locator().set_params(nbins=5)
    _percent(ax.yaxis)
    if len(curves) > 1:
        add_legend(ax, loc="upper left")
    return ax


def plot_inputs(trials, channel=0, condition=None, limit=6, ax=None):
    """One input channel in a few trials, coloured by condition, with the named epochs shaded.

    Parameters
    ----------
    trials : Trials
        The trials; the first `limit` are drawn.
    channel : int, default 0
        Which input.
    condition : str, optional
        Which of ``trials.conditions`` gives the colours; the first if left out.
    limit : int, default 6
        Most trials to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import get_task
    >>> plot_inputs(get_task("rdm").trials(3, rng=0), ax=new_figure()[1]).get_xlabel()
    'time (ms)'
    """
    ax = axes(ax)
    colors, _, _ = trial_colors(trials, condition)
    for b in range(min(limit, trials.size)):
        # Input t acts during the step that ends at time[t].
        ax.step(trials.time, trials.inputs[b, :, channel], where="pre", color=colors[b], linewidth=0.9)
    time_axis(ax, trials, f"input ({plain(trials.input_names[channel])})")
    return ax


def plot_outputs(trials, outputs, output=0, condition=None, limit=24, ax=None, key=True):
    """Output traces by condition: colour tells the condition, line style who made them.

    Parameters
    ----------
    trials : Trials
        The trials; the first `limit` are drawn.
    outputs : Trajectory, array_like (B, T, O), or mapping of str to them
        Outputs z on these trials, by name when several ("network", "redrawn", "circuit").
    output : int, default 0
        Which output channel.
    condition : str, optional
        Which of ``trials.conditions`` gives the colours; the first if left out.
    limit : int, default 24
        Most trials to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    key : bool, default True
        Whether to add the legend of conditions.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(3, rng=0)
    >>> len(plot_outputs(trials, trials.targets, ax=new_figure()[1]).lines) > 3
    True
    """
    ax = axes(ax)
    outputs = dict(outputs) if isinstance(outputs, Mapping) else {"network": outputs}
    colors, levels, name = trial_colors(trials, condition)
    shown = min(limit, trials.size)
    for b in range(shown):
        counted = trials.mask[b, :, output] > 0
        ax.plot(trials.time[counted], trials.targets[b, counted, output], color=GREY, linewidth=4, alpha=0.5,
                solid_capstyle="butt", zorder=0, marker="_" if counted.sum() == 1 else None, markersize=9,
                markeredgewidth=3)  # fmt: skip
    width = LINE if shown <= 12 else 0.8
    handles = []
    for maker, made in outputs.items():
        z = np.asarray(getattr(made, "z", made))
        style = ROLES.get(maker, ROLES["network"])["linestyle"]
        for b in range(shown):
            ax.plot(trials.time, z[b, :, output], color=colors[b], linestyle=style, linewidth=width)
        handles += ax.plot([], [], color=BLACK, linestyle=style, linewidth=LINE, label=plain(maker))
    time_axis(ax, trials, f"output ({plain(trials.output_names[output])})")
    if len(outputs) > 1:
        ax.add_artist(add_legend(ax, handles=handles, loc="best"))
    if key:
        condition_legend(ax, levels, name)
    return ax


def plot_accuracies(accuracies, reference=None, ax=None):
    """How many redrawn networks reach which accuracy.

    Parameters
    ----------
    accuracies : array_like (K,)
        Accuracy of each redrawn network.
    reference : float, optional
        Accuracy of the trained network, marked by a line.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> plot_accuracies([0.9, 1.0], 1.0, new_figure()[1]).get_ylabel()
    'redrawn networks'
    """
    ax = axes(ax)
    accuracies = np.asarray(accuracies, dtype=float)
    ax.set(xlabel="accuracy", ylabel="redrawn networks")
    if not accuracies.size:
        say(ax, "no network was redrawn")
        return ax
    low = np.floor(50 * min(accuracies.min(), 0.99)) / 50
    ax.hist(accuracies, np.linspace(low, 1.0, 21), color=ORANGE, edgecolor="white", label="redrawn")
    if reference is not None:
        ax.axvline(reference, color=BLACK, linewidth=LINE, linestyle="--", label="trained network")
    ax.set_xlim(low, 1 + 0.02 * (1 - low))
    ax.yaxis.get_major_locator().set_params(integer=True)
    _percent(ax.xaxis)
    add_legend(ax, loc="upper left")
    return ax


def time_axis(ax, trials, label):
    """Label the axes, shade every other named epoch where all trials are in it, and name those wide enough.

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import get_task
    >>> ax = new_figure()[1]
    >>> time_axis(ax, get_task("rdm").trials(1, rng=0), "output")
    >>> [text.get_text() for text in ax.texts]
    ['fixation', 'stimulus', 'delay']
    """
    ax.set(xlabel="time (ms)", ylabel=label, xlim=(0, trials.time[-1]))
    size, free = 0.8 * ax.xaxis.label.get_size(), -np.inf
    letter = LETTER * size * ax.figure.dpi / 72 / ax.bbox.width * trials.time[-1]
    for i, (name, bounds) in enumerate(trials.epochs.items()):
        start, stop = trials.dt * bounds[:, 0].max(), trials.dt * bounds[:, 1].min()
        if start >= stop:
            continue
        ax.axvspan(start, stop, color=EPOCH_SHADES[i % 2], zorder=-2, linewidth=0)
        half = 0.5 * letter * len(name)
        if stop - start > 0.09 * trials.time[-1] and 0.5 * (start + stop) - half > free:
            free = 0.5 * (start + stop) + half
            ax.annotate(
                plain(name), (0.5 * (start + stop), 1.0), xycoords=("data", "axes fraction"), xytext=(0, 1.5),
                textcoords="offset points", ha="center", va="bottom", fontsize=size, color="#555555",
            )  # fmt: skip


def _percent(axis):
    low, high = axis.get_view_interval()
    axis.set_major_formatter(PercentFormatter(1.0, decimals=0 if high - low > 0.05 else 1))
