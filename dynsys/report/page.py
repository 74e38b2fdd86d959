"""`write_report`: one page that tells an analysis as a story, with figures, equations and numbers as files.

Every file is first written whole into a hidden folder inside the report's folder, then moved to its place,
the page last; other files in the folder are left alone.
"""

import base64
import contextlib
import json
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

import jinja2
import math_core
from markupsafe import Markup, escape

from dynsys.analysis.result_file import save_result
from dynsys.plotting.style import own_settings
from dynsys.report import tables, words
from dynsys.report.figures import pictures
from dynsys.report.results import Analysis
from dynsys.symbolic.latex import to_latex
from rnn.storage import check_writable, save_network
from tasks.checks import check_kind
from tasks.errors import FileError

PAGE, NETWORK, EQUATIONS, RESULTS = "report.html", "network.npz", "equations.tex", "results.json"
FIGURES, DIAGRAMS = "figures", "diagrams"
DPI = 200
# Without dates in their headers the same analysis gives the same bytes.
METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None}}


def write_report(analysis, folder, command=None):
    """Write ``report.html``, with equations, figures, network, numbers and diagrams in files beside it.

    The page needs neither network nor JavaScript: figures are inside it, equations are MathML. The files are
    ``equations.tex``, ``figures/``, ``network.npz``, ``results.json`` and ``diagrams/``, for `load_result`.

    Parameters
    ----------
    analysis : Analysis
        From `analyse`.
    folder : str or path-like
        Where; it is made if need be. Files of an earlier report are replaced, others left alone.
    command : str, optional
        What was typed, for the record.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    FileError
        The folder is a file, or nothing can be written there.

    Examples
    --------
    >>> from dynsys.report import analyse
    >>> import numpy as np
    >>> from rnn import LowRankRNN
    >>> m, z = np.random.default_rng(0).standard_normal((2, 50))
    >>> found = analyse(LowRankRNN(m, 1.5 * m + z, z, 4 * m), rng=0, redraws=0)
    >>> page = write_report(found, Path(tempfile.mkdtemp()) / "report")
    >>> sorted(path.name for path in page.parent.iterdir())
    ['diagrams', 'equations.tex', 'figures', 'network.npz', 'report.html', 'results.json']
    """
    check_kind("analysis", analysis, Analysis, "make one with analyse(net, task, rng=seed)")
    folder = prepare_folder(folder)
    hidden = Path(tempfile.mkdtemp(prefix=".report-", dir=folder))
    try:
        _write_files(analysis, hidden, command)
        _move_all(hidden, folder)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{folder}: the report was not written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return folder / PAGE


def prepare_folder(folder):
    """Make the folder of a report, or refuse it; see `check_folder`."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder}: is a file, not a folder; choose another name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: cannot be made: {error.strerror}; choose another folder") from error
    for name in (PAGE, NETWORK, EQUATIONS, RESULTS):
        check_writable(folder / name)
    return folder


def check_folder(folder):
    """Refuse a folder that `write_report` could not write to, before the long work begins; nothing is left.

    Parameters
    ----------
    folder : str or path-like
        Where the report will go.

    Returns
    -------
    pathlib.Path
        The folder, which exists only if it did before.

    Raises
    ------
    FileError
        It is a file, or it cannot be made or written.

    Examples
    --------
    >>> check_folder("/dev/null")
    Traceback (most recent call last):
    tasks.errors.FileError: /dev/null: is a file, not a folder; choose another name
    """
    folder = Path(folder)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    prepare_folder(folder)
    for path in missing:
        path.rmdir()
    return folder


def _write_files(analysis, folder, command):
    for name in (FIGURES, DIAGRAMS):
        (folder / name).mkdir()
    for name in ("network", "mean_field"):
        for diagram in getattr(analysis, f"{name}_dynamics").diagrams:
            save_result(diagram, folder / DIAGRAMS / f"{name}_{diagram.parameter}.npz")
    with own_settings():
        drawn = _draw(analysis, folder / FIGURES)
    source = {key: value for key, value in analysis.settings.items() if key in ("seed", "versions")}
    save_network(analysis.network, folder / NETWORK, {"task": analysis.task and analysis.task.name, **source})
    (folder / EQUATIONS).write_text(to_latex(analysis.system, standalone=True), encoding="utf-8")
    numbers = json.dumps(analysis.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)
    (folder / RESULTS).write_text(numbers + "\n", encoding="utf-8")
    (folder / PAGE).write_text(_page(analysis, drawn, command), encoding="utf-8")


def _draw(analysis, folder):
    drawn = {}
    for number, (name, picture) in enumerate(pictures(analysis).items(), start=1):
        for suffix in ("png", "pdf"):
            picture.figure.savefig(folder / f"{name}.{suffix}", dpi=DPI, metadata=METADATA[suffix])
            # The first drawing settled the layout; the next need not search for it again.
            picture.figure.set_layout_engine("none")
        drawn[name] = _embedded(picture, number, folder / f"{name}.png")
    return drawn


def _move_all(hidden, folder):
    for name in (FIGURES, DIAGRAMS):
        (folder / name).mkdir(exist_ok=True)
    made = [path.relative_to(hidden) for path in sorted(hidden.rglob("*")) if path.is_file()]
    for name in sorted(made, key=lambda name: name == Path(PAGE)):
        (hidden / name).replace(folder / name)


def _embedded(picture, number, path):
    width, height = picture.figure.get_size_inches()
    data = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    size = {"width": round(96 * width), "height": round(96 * height)}
    return {"data": data, "caption": picture.caption, "number": number, **size}


def _page(analysis, figures, command):
    template = files("dynsys.report").joinpath("report.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    net = analysis.network
    return environment.from_string(template).render(
        title=words.title(analysis),
        lead=words.lead(analysis),
        facts=tables.facts(analysis),
        net=net,
        phi={"tanh": r"\tanh", "erf": r"\operatorname{erf}"}.get(net.phi, rf"\mathrm{{{net.phi}}}"),
        network_equation=_network_equation(net),
        task=analysis.task,
        training=analysis.training and analysis.training.message,
        words={
            "task": words.task_sentence(analysis),
            "redrawn": words.redrawn_sentence(analysis),
            "closure": words.closure_sentence(analysis),
            "decision": words.decision_sentence(analysis),
            "circuit": words.circuit_sentence(analysis),
            "does": words.circuit_does(analysis) if analysis.performance else True,
            "inputs": words.inputs_sentence(analysis) if analysis.task else "",
        },
        names=analysis.populations.names,
        names_latex=", ".join(map(_letter, analysis.populations.names)),
        latex_name=_letter,
        loadings=tables.loadings_rows(analysis.populations),
        equations=to_latex(analysis.system, environment="aligned"),
        activity=_activity(net),
        parameters=tables.parameter_rows(analysis.system),
        points=tables.point_rows(analysis),
        portraits=analysis.network_dynamics.portraits,
        events=tables.event_rows(analysis),
        event_sentences=tables.event_sentences(analysis),
        figures=figures,
        provenance=tables.provenance(analysis, command),
        searches=tables.search_rows(analysis),
        math=_mathml,
    )


def _mathml(latex, display=False):
    """MathML of a formula; a formula that cannot be converted is shown as it is typed."""
    converter = math_core.LatexToMathML()
    with contextlib.suppress(math_core.LatexError):
        return Markup(converter.convert_with_local_state(latex, displaystyle=display))
    return Markup("<code>") + escape(latex) + Markup("</code>")


def _network_equation(net):
    """The network's own equation, with sums only where there is more than one term."""
    recurrent = r"\frac{m_i}{N} \sum_{j=1}^{N} n_j\,\phi(x_j)"
    if net.rank > 1:
        recurrent = rf"\frac{{1}}{{N}} \sum_{{r=1}}^{{{net.rank}}} m_i^r \sum_{{j=1}}^{{N}} n_j^r\,\phi(x_j)"
    driven = {0: "", 1: "+ I_i u"}.get(net.input_count, rf"+ \sum_{{s=1}}^{{{net.input_count}}} I_i^s u_s")
    equation = rf"\tau\,\dot{{x}}_i = -x_i + {recurrent} {driven}"
    if net.output_count == 0:
        return equation
    output, w = ("z", "w_i") if net.output_count == 1 else ("z_o", "w_i^o")
    return rf"{equation}, \qquad {output} = \frac{{1}}{{N}} \sum_{{i=1}}^{{N}} {w}\,\phi(x_i)"


def _activity(net):
    recurrent = r"m\,\kappa" if net.rank == 1 else r"\sum_r m^r \kappa_r"
    driven = {0: "", 1: r" + I\,v"}.get(net.input_count, r" + \sum_s I^s v_s")
    return f"x = {recurrent}{driven}"


def _letter(name):
    return name[0] if len(name) == 1 else f"{name[0]}_{{{name[1:]}}}"
