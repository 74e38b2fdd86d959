"""Bifurcation diagrams as files: figure, the diagram itself, numbers, and the special points in LaTeX."""

import json
from collections import Counter

import numpy as np

from dynsys.analysis.diagram import bifurcation_diagram
from dynsys.analysis.field import reduced_field
from dynsys.analysis.maps import as_run
from dynsys.analysis.result_file import save_result
from dynsys.plotting.bifurcation import plot_bifurcation
from dynsys.plotting.style import new_figure, own_settings
from dynsys.report.plain import plain_values
from dynsys.symbolic.names import latex_name
from rnn.storage import atomic_write
from tasks.errors import InputError

NEUTRAL = "neutral saddle"
FIGURE, NUMBERS, LATEX, RESULT = "diagram.png", "diagram.json", "special_points.tex", "diagram.npz"
SPANS = {"gain": (0.0, 2.0)}
INPUT_SPAN = (-1.0, 1.0)
DPI = 200
COLUMNS = 3  # of panels, at most


def network_diagram(net, along="gain", span=None, inputs=None, certify=False):
    """The bifurcation diagram of a network's exact field; of its map where the network is a vanilla one.

    Parameters
    ----------
    net : LowRankRNN
        The network.
    along : str, default "gain"
        The recurrent gain or an input.
    span : (float, float), optional
        Its ends; gains from 0 to 2, inputs from -1 to 1 if left out.
    inputs : mapping of str to float, optional
        Constant inputs; zero if left out.
    certify : bool, default False
        As in `bifurcation_diagram`.

    Returns
    -------
    BifurcationDiagram

    Raises
    ------
    InputError
        Not a low-rank network, or a parameter that it does not have.

    Examples
    --------
    >>> from rnn import LowRankRNN
    >>> network_diagram(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))).special_points
    (SpecialPoint(pitchfork at gain = 1, kappa = [0.]),)
    """
    span = SPANS.get(along, INPUT_SPAN) if span is None else span
    return bifurcation_diagram(as_run(reduced_field(net)), along, span, inputs, certify=certify)


def diagram_figure(diagram, title=None):
    """A panel for each coordinate and each output, with one legend.

    Parameters
    ----------
    diagram : BifurcationDiagram
        The diagram.
    title : str, optional
        Above the panels.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> [ax.get_ylabel() for ax in diagram_figure(network_diagram(net)).axes]
    ['$\\\\kappa$', '$z$']
    """
    shown = (*diagram.state, *diagram.output_names)
    columns = min(len(shown), COLUMNS)
    rows = -(-len(shown) // columns)
    figure, panels = new_figure(rows, columns, size=(3.6 * columns, 2.9 * rows), squeeze=False)
    for name, ax in zip(shown, panels.flat):
        plot_bifurcation(diagram, name, ax)
    for ax in panels.flat[len(shown) :]:
        ax.remove()
    if len(shown) > 1:
        _one_legend(figure, panels.flat[: len(shown)])
    if title:
        figure.suptitle(title)
    return figure


def write_diagram(diagram, folder, command=None, title=None):
    """Write a diagram's figure, the diagram for `load_result`, numbers, and a LaTeX table of special points.

    Parameters
    ----------
    diagram : BifurcationDiagram
        The diagram.
    folder : pathlib.Path
        An existing folder; each file is replaced whole.
    command, title : str, optional
        What made it, and what it is of, for the files.

    Returns
    -------
    pathlib.Path
        The figure's file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> write_diagram(network_diagram(net), folder).name, sorted(p.name for p in folder.iterdir())[0]
    ('diagram.png', 'diagram.json')
    """
    save_result(diagram, folder / RESULT)  # first, since it took the longest
    numbers = {
        "command": command, "parameter": diagram.parameter, "span": list(diagram.span),
        "inputs": diagram.inputs, "status": diagram.status.name, "message": diagram.message,
        "complete": diagram.complete, "branches": len(diagram.branches), "cycles": len(diagram.cycles),
        "result": RESULT, "source": diagram.source,
        "special_points": [_numbers(point) for point in diagram.special_points],
    }  # fmt: skip
    text = json.dumps(plain_values(numbers), indent=1, allow_nan=False).encode()
    atomic_write(folder / NUMBERS, lambda file: file.write(text))
    table = special_points_latex(diagram).encode()
    atomic_write(folder / LATEX, lambda file: file.write(table))
    with own_settings():
        figure = diagram_figure(diagram, title)
        return atomic_write(folder / FIGURE, lambda file: figure.savefig(file, format="png", dpi=DPI))


def point_sentences(diagram):
    """What happens at the special points of a diagram and of its cycles, each sentence once, and where cycles
    lead to.

    Parameters
    ----------
    diagram : BifurcationDiagram
        The diagram.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> [sentence.split(":")[0] for sentence in point_sentences(network_diagram(net))]
    ['Supercritical pitchfork at gain = 1']
    """
    points = [*diagram.special_points]
    points += [point for family in diagram.cycles for point in family.special_points]
    counts = Counter(point.sentence for point in points if point.sentence and NEUTRAL not in point.kind)
    lines = [text + (f" ({count} such points)" if count > 1 else "") for text, count in counts.items()]
    neutral = sum(point.kind == NEUTRAL for point in diagram.special_points)
    if neutral:
        lines.append(
            f"Neutral saddles, with two opposite real eigenvalues, where nothing bifurcates: {neutral}; they "
            f"are listed in {NUMBERS}."
        )
    return lines + [family.message for family in diagram.cycles if family.message]


def _one_legend(figure, panels):
    """Panels that say the same say it once, beside them."""
    entries = {}
    for legend in filter(None, (ax.get_legend() for ax in panels)):
        for handle, text in zip(legend.legend_handles, legend.get_texts()):
            entries.setdefault(text.get_text(), (handle, text.get_fontsize()))
        legend.remove()
    if entries:
        handles, (size, *_) = zip(*entries.values())
        figure.legend(handles, entries, loc="outside right upper", frameon=False, fontsize=size)


def special_points_latex(diagram):
    r"""The special points of a diagram as a LaTeX table.

    Parameters
    ----------
    diagram : BifurcationDiagram or Branch
        The diagram.

    Returns
    -------
    str

    Examples
    --------
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> print(special_points_latex(network_diagram(net)).splitlines()[3])
    pitchfork & $1.000000$ & $0.000000$ & $b_{11} = 1.000$, $b_{30} = -2.000$ \\
    """
    rows = []
    for point in diagram.special_points:
        state = ",\\ ".join(f"{x + 0.0:.6f}" for x in point.kappa)
        coefficients = ", ".join(
            f"${_COEFFICIENTS[name]} = {np.real(c):.3f}$"
            for name, c in point.coefficients.items()
            if name in _COEFFICIENTS
        )
        rows.append(f"{point.kind} & ${point.value:.6f}$ & ${state}$ & {coefficients} \\\\")
    letters = ", ".join(map(_letter, diagram.state))
    head = f"kind & ${_letter(diagram.parameter)}$ & ${letters}$ & normal form \\\\"
    lines = [r"\begin{tabular}{llll}", head, r"\hline", *rows, r"\end{tabular}"]
    return "\n".join(lines) + "\n"


# Real parts; what decides the kind and whether it is super- or subcritical.
_COEFFICIENTS = {
    "a": "a", "b11": "b_{11}", "b30": "b_{30}", "c": "c", "omega": r"\omega", "c1": r"\mathrm{Re}\,c_1",
    "b": "b", "d": r"\mathrm{Re}\,d",
}  # fmt: skip


def _letter(name):
    return "g" if name == "gain" else latex_name(name)


def _numbers(point):
    return {
        "kind": point.kind, "value": point.value, "kappa": point.kappa, "coefficients": point.coefficients,
        "sentence": point.sentence, "residual": point.residual,
    }  # fmt: skip


def parse_inputs(texts):
    """Constant inputs from texts such as ``v=0.2``.

    Examples
    --------
    >>> parse_inputs(["v1=0.2", "v2=-1"])
    {'v1': 0.2, 'v2': -1.0}
    >>> parse_inputs(["v=0.2", "v=1"])
    Traceback (most recent call last):
    tasks.errors.InputError: --input: v is given twice, as 0.2 and 1; give it once
    """
    found = {}
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if name in found:
            raise InputError(f"--input: {name} is given twice, as {found[name]:g} and {value}; give it once")
        try:
            found[name] = float(value)
        except ValueError:
            sign = ""
        if not sign:
            raise InputError(f"--input: expected NAME=VALUE such as v=0.2, got {text!r}")
    return found
