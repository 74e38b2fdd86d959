"""What is laid over a bifurcation diagram: error bars of its special points, and the paths of trials."""

import numpy as np

from dynsys.analysis.sensitivity import BifurcationSensitivity
from dynsys.plotting.bifurcation import check_diagram, height_at, vertical
from dynsys.plotting.style import LINE, ORANGE, add_legend, axes, condition_legend, trial_colors
from tasks.checks import check_kind
from tasks.errors import InputError

# An error bar belongs to the special point whose value is this close to its own.
CLOSE = 1e-9


def plot_error_bars(diagram, sensitivities, coordinate=0, ax=None, color=ORANGE, label="standard error"):
    """Horizontal error bars on the special points of a diagram.

    Parameters
    ----------
    diagram : BifurcationDiagram or Branch
        The diagram that is drawn.
    sensitivities : BifurcationSensitivity or sequence of them
        Of its special points, from `bifurcation_sensitivity` with errors; those without are left out.
    coordinate : int or str, default 0
        What is on the y axis, as in `plot_bifurcation`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    color : color
        Of the bars.
    label : str
        For the legend.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.analysis import bifurcation_diagram, bifurcation_sensitivity, reduced_field
    >>> from dynsys.plotting.style import new_figure
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.ones(4), np.ones(4)))
    >>> diagram = bifurcation_diagram(field, "gain", (0, 2))
    >>> bar = bifurcation_sensitivity(field, diagram.special_points[0], errors={})
    >>> len(plot_error_bars(diagram, [bar], ax=new_figure()[1]).collections)
    1
    """
    check_diagram(diagram)
    if isinstance(sensitivities, BifurcationSensitivity):
        sensitivities = (sensitivities,)
    ax = axes(ax)
    height_of = vertical(diagram, coordinate)[1]
    branches = getattr(diagram, "branches", (diagram,))
    for one in sensitivities:
        check_kind("sensitivities", one, BifurcationSensitivity, "make it with bifurcation_sensitivity")
        for point in diagram.special_points if one.error is not None else ():
            if point.kind == one.kind and abs(point.value - one.value) <= CLOSE * (1 + abs(one.value)):
                known = label in ax.get_legend_handles_labels()[1]
                ax.errorbar(point.value, height_at(point, branches, height_of), xerr=one.error, color=color,
                            fmt="none", capsize=4, elinewidth=2.4, capthick=1.6, zorder=3.5,
                            label=None if known else label)  # fmt: skip
    add_legend(ax)
    return ax


def plot_paths(diagram, trials, trajectory, coordinate=0, ax=None, limit=20, condition=None, key=True):
    """Paths of trials over a diagram along an input: where the input and the state go together.

    Parameters
    ----------
    diagram : BifurcationDiagram
        Along an input.
    trials : Trials
        The trials, for their conditions.
    trajectory : Trajectory
        From `simulate` or `run_circuit` with them.
    coordinate : int or str, default 0
        What is on the y axis, as in `plot_bifurcation`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.
    limit : int, default 20
        Number of trials, the first ones.
    condition : str, optional
        Which of the trials' conditions colours the paths.
    key : bool, default True
        Whether to add the legend of conditions.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        A diagram along something that changes in no trial.

    Examples
    --------
    >>> from dynsys.analysis import bifurcation_diagram, reduced_field
    >>> from dynsys.plotting.style import new_figure
    >>> from rnn import LowRankRNN, simulate
    >>> from tasks import get_task
    >>> task = get_task("rdm")
    >>> net, trials = LowRankRNN.random(20, 1, task, rng=0), task.trials(3, rng=0)
    >>> diagram = bifurcation_diagram(reduced_field(net), "v", (-1, 1))
    >>> ax = plot_paths(diagram, trials, simulate(net, trials), "z", new_figure()[1])
    """
    check_diagram(diagram)
    inputs = trajectory.v.shape[2]
    names = ("v",) if inputs == 1 else tuple(f"v{i + 1}" for i in range(inputs))
    if diagram.parameter not in names:
        raise InputError(
            f"diagram: along {diagram.parameter}, which is the same in every trial; a path needs a diagram "
            f"along an input: {', '.join(names)}"
        )
    ax = axes(ax)
    name = vertical(diagram, coordinate)[0]
    if name in diagram.state:
        heights = trajectory.kappa[:, :, diagram.state.index(name)]
    else:
        heights = trajectory.z[:, :, diagram.output_names.index(name)]
    colors, levels, title = trial_colors(trials, condition)
    column = names.index(diagram.parameter)
    for color, b in zip(colors, range(min(limit, trials.size))):
        v, y = trajectory.v[b, :, column], heights[b]
        ax.plot(v, y, color=color, linewidth=0.8 * LINE, zorder=2.5)
        ax.plot(v[-1:], y[-1:], "s", color=color, markersize=3.5, zorder=2.6)
    reach = np.abs(trajectory.v[:limit, :, column]).max(initial=0.0)
    low, high = diagram.span
    ax.set_xlim(max(low, -1.1 * reach), min(high, 1.1 * reach))
    kinds = ax.get_legend()  # of the diagram underneath
    if key and condition_legend(ax, levels, title) is not None and kinds is not None:
        ax.add_artist(kinds)
    return ax
