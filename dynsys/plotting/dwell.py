"""Pictures of noise-driven switching: dwell times with their law, and the rate of switching against noise."""

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from dynsys.plotting.style import BLACK, CYCLE, LINE, add_legend, axes, plain, say
from tasks.checks import check_kind
from tasks.dwell import DwellLaw


def plot_dwell_times(laws, ax=None):
    """Share of dwell times that exceed a time (logarithmic scale), with the fitted law dashed.

    Parameters
    ----------
    laws : DwellLaw or mapping of str to DwellLaw
        One law, or several by name, from `tasks.dwell_law`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import dwell_law
    >>> law = dwell_law(np.random.default_rng(0).exponential(500.0, 100))
    >>> plot_dwell_times(law, new_figure()[1]).get_yscale()
    'log'
    """
    ax = axes(ax)
    laws = dict(laws) if isinstance(laws, Mapping) else {"": laws}
    fewest = 1.0
    for i, (name, law) in enumerate(laws.items()):
        check_kind("laws", law, DwellLaw, "fit it with dwell_law(times)")
        color = CYCLE[i % len(CYCLE)]
        count = len(law.times)
        fewest = min(fewest, 1.0 / count)
        seconds = np.concatenate([[0.0], law.times]) / 1000.0
        ax.step(seconds, 1.0 - np.arange(count + 1) / count, where="post", color=color, linewidth=LINE,
                label=plain(name) if name else "measured")  # fmt: skip
        grid = np.linspace(0.0, law.times[-1], 200)
        ax.plot(grid / 1000.0, law.survival(grid), color=color, linewidth=0.8, linestyle="--")
    if not laws:
        say(ax, "no dwell times")
    ax.plot([], [], color=BLACK, linewidth=0.8, linestyle="--", label="exponential after a delay")
    ax.set(xlabel="dwell time (s)", ylabel="share that lasts longer", yscale="log", xlim=(0.0, None),
           ylim=(0.7 * fewest, 1.3))  # fmt: skip
    add_legend(ax, loc="upper right")
    return ax


def plot_escape(law, ax=None):
    """Rate of switching (logarithmic scale) against 1 / sigma^2, with the fitted law as a line.

    Parameters
    ----------
    law : EscapeLaw
        From `tasks.escape_law`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from tasks import EscapeLaw
    >>> law = EscapeLaw(np.array([0.2, 0.3]), np.array([1e-4, 4e-4]), 1e-3, 0.1, 0.01, 1.0)
    >>> plot_escape(law, new_figure()[1]).get_yscale()
    'log'
    """
    ax = axes(ax)
    x = law.noise**-2.0
    ends = np.array([x.min(), x.max()]) + 0.1 * (x.max() - x.min()) * np.array([-1, 1])
    ends[0] = max(ends[0], 0.5 * x.min())
    ax.plot(ends, 1000.0 * law.rate(ends**-0.5), "--", color=BLACK, linewidth=0.8, label="fitted law")
    ax.plot(x, 1000.0 * law.rates, "o", color=BLACK, markersize=4, label="measured")
    ax.set(xlabel=r"$1/\sigma^2$", ylabel="switches per second", yscale="log")
    if 1000.0 * law.rates.max() < 30 * 1000.0 * law.rates.min():  # hardly a power of ten in it
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))
    else:
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="y", which="minor", labelsize=ax.yaxis.get_ticklabels()[0].get_size())
    add_legend(ax, loc="upper right")
    return ax
