r"""LaTeX of a whole system: its equations, or a document with a table of its symbols as well."""

from dynsys.symbolic.brackets import EXPECTATIONS
from dynsys.symbolic.names import escape
from dynsys.symbolic.printer import number
from dynsys.symbolic.system import System
from dynsys.symbolic.typeset import align, cases, lines
from tasks.checks import check_count, choose
from tasks.errors import InputError

# Only article and amsmath, and right after one run: no longtable, which needs two.
DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath}
\setlength{\textwidth}{16cm}
\setlength{\textheight}{23cm}
\setlength{\topmargin}{-1cm}
\setlength{\oddsidemargin}{0cm}
\setlength{\evensidemargin}{0cm}
\allowdisplaybreaks
\renewcommand{\arraystretch}{1.5}
\begin{document}
\noindent %(opening)s

%(equations)s

%(table)s
\end{document}
"""


TABLE_ROWS = 32  # to a page


def to_latex(system, values=False, standalone=False, expectation="brackets", digits=4, environment="align"):
    r"""Write a system as LaTeX.

    Parameters
    ----------
    system : System
        The system.
    values : bool, default False
        Numbers instead of those parameters that have a value.
    standalone : bool, default False
        A whole document (article, amsmath) with a table of the symbols, instead of the equations alone.
    expectation : {"brackets", "formula", "integral"}, default "brackets"
        How the Gaussian expectations of a mean field are explained: by what the angle brackets mean, by a
        closed formula (for tanh with 5 terms, error 4.3e-6), or by the integral of each.
    digits : int, default 4
        Significant digits of numbers; 17 let the numbers be read back unchanged.
    environment : {"align", "align*", "aligned", "cases"}, default "align"
        Environment of the equations; "cases" braces the equations of motion and aligns the rest below.

    Returns
    -------
    str

    Raises
    ------
    InputError
        Not a System, or an option that does not exist.

    Examples
    --------
    >>> import sympy
    >>> x, mu = sympy.symbols("x mu")
    >>> print(to_latex(System([mu - x**3], [x], parameters={"mu": 0.25}), values=True))
    \begin{align}
    \frac{dx}{dt} &= - x^{3} + 0.25
    \end{align}
    """
    options = _options(system, values, expectation, digits)
    choose("environment", environment, ("align", "align*", "aligned", "cases"))
    equations = cases(system, **options) if environment == "cases" else align(system, environment, **options)
    if not standalone:
        return equations
    if environment == "aligned":
        equations = f"\\[\n{equations}\n\\]"
    return DOCUMENT % {
        "opening": _opening(system),
        "equations": equations,
        "table": symbol_table(system, digits),
    }


def equation_strings(system, values=False, expectation="brackets", digits=4):
    r"""The equations of a system one by one, unbroken, for a page that typesets each by itself.

    Parameters
    ----------
    system, values, expectation, digits
        As in `to_latex`.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> equation_strings(System([-x], [x]))
    ('\\frac{dx}{dt} = - x',)
    """
    return tuple(line.text for line in lines(system, **_options(system, values, expectation, digits)))


def symbol_rows(system, digits=4):
    """What each symbol is, as rows of plain strings.

    Parameters
    ----------
    system : System
        The system.
    digits : int, default 4
        Significant digits of the values.

    Returns
    -------
    list of (str, str, str, str, str)
        LaTeX of the symbol, its name in code, its kind, value and standard error (LaTeX, empty where there
        is none).

    Examples
    --------
    >>> import sympy
    >>> x, mu = sympy.symbols("x mu")
    >>> symbol_rows(System([mu - x**3], [x], parameters={"mu": 0.25}))
    [('x', 'x', 'state', '', ''), ('\\\\mu', 'mu', 'parameter', '0.25', '')]
    """
    kinds = (("state", system.state_names), ("input", system.input_names), ("output", system.output_names))
    found = [(system.latex_of(name), name, kind, "", "") for kind, names in kinds for name in names]
    for name in system.parameter_names:
        value, error = system.values.get(name), system.errors.get(name)
        found.append(
            (
                system.latex_of(name),
                name,
                "parameter" + (", left out above" if name in system.neutral_names else ""),
                "" if value is None else number(value, digits),
                "" if error is None else number(error, 2),
            )
        )
    return found


def symbol_table(system, digits=4):
    """The symbols of a system as one ``tabular`` for each page: symbol, name, kind, value, standard error.

    Parameters
    ----------
    system, digits
        As in `symbol_rows`.

    Returns
    -------
    str

    Examples
    --------
    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> symbol_table(System([-x], [x])).splitlines()[3]
    '$x$ & \\\\texttt{x} & state & \\\\\\\\'
    """
    rows = symbol_rows(system, digits)
    dated = any(row[4] for row in rows)
    head = ["symbol", "name in code", "kind", "value"] + ["standard error"] * dated
    body = []
    for symbol, name, kind, value, error in rows:
        cells = [f"${symbol}$", rf"\texttt{{{escape(name)}}}", kind, f"${value}$" if value else ""]
        cells += [f"${error}$" if error else ""] * dated
        body.append(" & ".join(cells).rstrip() + r" \\")
    columns = "lll" + "r" * (1 + dated)
    tables = []
    for start in range(0, len(body), TABLE_ROWS):
        tables += [r"\begin{center}", rf"\begin{{tabular}}{{{columns}}}", " & ".join(head) + r" \\ \hline"]
        tables += [*body[start : start + TABLE_ROWS], r"\end{tabular}", r"\end{center}"]
    return "\n".join(tables)


def _options(system, values, expectation, digits):
    if not isinstance(system, System):
        raise InputError(f"system: expected a System, got {type(system).__name__}; see mean_field")
    choose("expectation", expectation, EXPECTATIONS)
    return {"values": bool(values), "expectation": expectation, "digits": check_count("digits", digits)}


def _opening(system):
    count = system.source.get("populations")
    if system.notation is not None and count is not None:
        kind = "one Gaussian population" if count == 1 else f"{int(count)} Gaussian populations"
        text = f"Mean field of {kind} of loadings"
    else:
        text = "System of ordinary differential equations"
    unit = f", time constant ${system.latex_of(system.time_constant)}$" if system.time_constant else ""
    return f"{text}{unit}."
