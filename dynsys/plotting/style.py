"""The look of every figure: colours that colour-blind readers can tell apart, sizes, names as symbols.

Okabe and Ito's palette; text set by matplotlib's own mathtext, so that no TeX is needed.
"""

import re
from contextlib import contextmanager
from types import MappingProxyType

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dynsys.symbolic.names import latex_name
from tasks.checks import check_kind, choose

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE, GREY = "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#8C8C8C"

# One colour and one line style for each way of running a task, the same in every figure.
ROLES = MappingProxyType(
    {
        "network": {"color": BLACK, "linestyle": "-", "marker": "o"},
        "redrawn": {"color": ORANGE, "linestyle": (0, (1, 1.2)), "marker": "s"},
        "circuit": {"color": BLUE, "linestyle": (0, (4, 1.6)), "marker": "^"},
        "mean field": {"color": BLUE, "linestyle": (0, (4, 1.6)), "marker": "^"},
    }
)
LINES = ("-", (0, (1, 1.2)), (0, (4, 1.6)), "-.")
CYCLE = (BLACK, BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, GREY)
LINE = 1.3
MOST_NAMED = 12  # levels of a condition in a legend

STYLE = MappingProxyType(
    {
        "font.size": 8.0,
        "axes.titlesize": 8.5,
        "axes.titlelocation": "left",
        "axes.labelsize": 8.0,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "legend.fontsize": 7.0,
        "figure.dpi": 150.0,
    }
)

_NEGATIVE = LinearSegmentedColormap.from_list("negative", ["#7FC4EE", BLUE, "#003A5C"])
_POSITIVE = LinearSegmentedColormap.from_list("positive", ["#F2B233", VERMILLION, "#702F00"])
_LETTERS = MappingProxyType(
    {
        "kappa": r"\kappa", "v": "v", "u": "u", "m": "m", "n": "n", "I": "I", "w": "w", "z": "z",
        "gain": "g", "noise": r"\Delta_{\mathrm{noise}}",
    }
)  # fmt: skip


def axes(ax=None, size=(3.5, 2.7)):
    """Return ``ax``, or the Axes of a new pyplot figure in the project's style.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    size : tuple of float
        Width and height of a new figure, inches.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> _, ax = new_figure()
    >>> axes(ax) is ax
    True
    """
    if ax is not None:
        check_kind("ax", ax, Axes, "make one with plt.subplots()")
        return ax
    return shown_figure(size=size)[1]


def shown_figure(rows=1, columns=1, size=(3.5, 2.7), **options):
    """A pyplot figure in the project's style with a grid of Axes, which a notebook shows by itself.

    Parameters
    ----------
    rows, columns : int
        Grid of Axes.
    size : tuple of float
        Width and height, inches.
    **options
        Passed to `matplotlib.figure.Figure.subplots`, such as ``squeeze``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes or ndarray of Axes

    Examples
    --------
    >>> figure, panels = shown_figure(1, 2)
    >>> len(panels), pyplot.close(figure)
    (2, None)
    """
    # The figure comes before the style: making the first one switches a notebook's backend on, and leaving
    # rc_context would switch it off again.
    figure = pyplot.figure(figsize=size, layout="constrained", dpi=STYLE["figure.dpi"])
    with matplotlib.rc_context(STYLE):
        return figure, figure.subplots(rows, columns, **options)


def new_figure(rows=1, columns=1, size=(3.5, 2.7), mosaic=None, **options):
    """A figure in the project's style that belongs to no pyplot state, to be saved and forgotten.

    Parameters
    ----------
    rows, columns : int
        Grid of Axes.
    size : tuple of float
        Width and height, inches.
    mosaic : str or sequence, optional
        Names of panels in place of a grid, as `matplotlib.figure.Figure.subplot_mosaic` takes them.
    **options
        Passed to `matplotlib.figure.Figure.subplots` or `subplot_mosaic`, such as ``width_ratios``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes, ndarray of Axes, or dict of Axes by name

    Examples
    --------
    >>> figure, panels = new_figure(1, 2)
    >>> panels.shape
    (2,)
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        if mosaic is None:
            panels = figure.subplots(rows, columns, **options)
        else:
            panels = figure.subplot_mosaic(mosaic, **options)
    return figure, panels


@contextmanager
def own_settings():
    """Draw and save with matplotlib's defaults and the project's style, whatever the user's own settings.

    A report then looks the same everywhere, and needs no TeX where ``text.usetex`` is set.

    Examples
    --------
    >>> with own_settings():
    ...     matplotlib.rcParams["text.usetex"]
    False
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def symbol(name):
    """Mathtext of a name of the flow: ``"kappa1"``, ``"sigma_mn"``, ``"gain"``, ``"V_3"``; words stay text.

    Parameters
    ----------
    name : str
        A state, input, parameter or loading.

    Returns
    -------
    str

    Examples
    --------
    >>> print(symbol("kappa1"), symbol("sigma_m1n2"), symbol("gain"))
    $\\kappa_{1}$ $\\sigma_{m_{1}n_{2}}$ $g$
    """
    letter = re.fullmatch(r"([a-zA-Z]+?)(\d*)", name)
    if letter and letter[1] in _LETTERS:
        return f"${_LETTERS[letter[1]]}{_index(letter[2])}$"
    moment = re.fullmatch(r"(sigma|a)_((?:[mnIw]\d*){1,2})(?:_p(\d+))?", name)
    if moment:
        letters = "".join(f"{a}{_index(i)}" for a, i in re.findall(r"([mnIw])(\d*)", moment[2]))
        head = r"\sigma" if moment[1] == "sigma" else "a"
        return f"${head}_{{{letters}}}" + (f"^{{({moment[3]})}}$" if moment[3] else "$")
    typed = latex_name(name) if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) else r"\mathrm"
    return plain(name) if typed.startswith(r"\mathrm") else f"${typed}$"


def plain(text):
    """Text that mathtext leaves as it is.

    Examples
    --------
    >>> print(plain("50$"))
    50\\$
    """
    return str(text).replace("\\", "/").replace("$", r"\$")


def colors_of(levels):
    """A colour for each level of a condition: blues below zero, oranges above, darker for stronger.

    Names, and 0 against 1, have no sign and get a colour each.

    Parameters
    ----------
    levels : array_like (L,)
        Distinct values; the result follows their order.

    Returns
    -------
    list of color

    Examples
    --------
    >>> len(colors_of([-0.1, 0.1, 0.2]))
    3
    """
    levels = np.asarray(levels)
    if levels.dtype.kind not in "fiu" or (len(levels) > 1 and set(levels.tolist()) == {0, 1}):
        return [CYCLE[i % len(CYCLE)] for i in range(len(levels))]
    colors = [GREY] * len(levels)
    for sign, shades in ((-1, _NEGATIVE), (1, _POSITIVE)):
        side = np.flatnonzero(sign * levels > 0)
        for place, i in enumerate(side[np.argsort(np.abs(levels[side]), kind="stable")]):
            colors[i] = shades(0.5 if len(side) == 1 else place / (len(side) - 1))
    return colors


def trial_colors(trials, condition=None):
    """A colour for each trial by one of its conditions (the first if left out).

    Parameters
    ----------
    trials : Trials
        The trials.
    condition : str, optional
        Which of ``trials.conditions``.

    Returns
    -------
    colors : list of color
        One a trial; all the same where there is no condition.
    levels : list
        Distinct values of the condition.
    name : str or None
        Name of the condition.

    Examples
    --------
    >>> from tasks import get_task
    >>> trial_colors(get_task("rdm").trials(5, rng=0))[2]
    'coherence'
    """
    name = condition if condition is not None else next(iter(trials.conditions), None)
    if name is None:
        return [BLUE] * trials.size, [], None
    values = trials.conditions[choose("condition", name, tuple(trials.conditions))]
    if np.ndim(values) > 1:  # several numbers a trial, such as the state of several switches
        values = [" ".join(f"{number:+g}" for number in np.ravel(row)) for row in values]
    levels, which = np.unique(values, return_inverse=True)
    palette = colors_of(levels)
    return [palette[i] for i in which], list(levels), name


def line_style(maker, place):
    """Line style of who made a trace: its own if it has a role, else that of its place among several.

    Examples
    --------
    >>> line_style("network", 1), line_style("exact", 0)
    ('-', '-')
    """
    return ROLES[maker]["linestyle"] if maker in ROLES else LINES[place % len(LINES)]


def condition_legend(ax, levels, name, **options):
    """A legend, right of the Axes, that gives the colour of each level of a condition; none without levels.

    Of many levels some are named, the first and the last among them.

    Examples
    --------
    >>> _, ax = new_figure()
    >>> condition_legend(ax, [-0.1, 0.1], "coherence").get_title().get_text()
    'coherence'
    """
    if not len(levels):
        return None
    texts = [f"{level:g}".replace("-", "\u2212") if np.isreal(level) else plain(level) for level in levels]
    colors = colors_of(levels)
    shown = np.unique(np.linspace(0, len(levels) - 1, min(len(levels), MOST_NAMED)).round().astype(int))
    handles = [Line2D([], [], color=colors[i], linewidth=2, label=texts[i]) for i in shown]
    outside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "title": plain(name)}
    return add_legend(ax, handles=handles, **{**outside, **options})


def add_legend(ax, **options):
    """A legend on a pale patch without an edge, in letters a little smaller than the axis labels; nothing
    named, no legend.

    Examples
    --------
    >>> _, ax = new_figure()
    >>> add_legend(ax) is None
    True
    """
    if not ax.get_legend_handles_labels()[1] and "handles" not in options:
        return None
    size = 0.88 * ax.xaxis.label.get_size()
    outside = "bbox_to_anchor" in options  # there a patch would only hide the frame of the Axes
    patch = {"facecolor": "white", "edgecolor": "none", "framealpha": 0.0 if outside else 0.8}
    letters = {"fontsize": size, "title_fontsize": size, "handlelength": 2.2}
    return ax.legend(**{**patch, **letters, **options})


def say(ax, sentence):
    """Write a sentence where there is nothing to draw.

    Examples
    --------
    >>> _, ax = new_figure()
    >>> say(ax, "no trials").get_text()
    'no trials'
    """
    size = ax.xaxis.label.get_size()
    return ax.text(0.5, 0.5, plain(sentence), transform=ax.transAxes, ha="center", va="center",
                   color=GREY, fontsize=size, wrap=True)  # fmt: skip


def _index(digits):
    return f"_{{{digits}}}" if digits else ""
