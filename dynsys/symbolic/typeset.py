r"""The lines of a system's LaTeX: equations of motion, filters, definitions, expectations, readouts."""

import sympy

from dynsys.symbolic.brackets import EXPECTATIONS, explanations
from dynsys.symbolic.names import latex_name
from dynsys.symbolic.notation import HIDDEN
from dynsys.symbolic.printer import Line, Printer, with_numbers
from tasks.checks import check_count, choose

WIDTH = 72  # of a printed line, in letters
MANY = 4  # couplings from which on one line says it for all of them


def lines(system, values=False, expectation="brackets", digits=4):
    """A system as lines of LaTeX.

    Parameters
    ----------
    system : System
        The system.
    values : bool, default False
        Numbers instead of parameters that have a value.
    expectation : {"brackets", "formula", "integral"}, default "brackets"
        How Gaussian expectations are explained.
    digits : int, default 4
        Significant digits of numbers.

    Returns
    -------
    tuple of Line

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x, lam = sympy.symbols("x lambda")
    >>> [line.text for line in lines(System([lam * x - x**3], [x], parameters=[lam]))]
    ['\\\\frac{dx}{dt} = - x^{3} + \\\\lambda x']
    """
    choose("expectation", expectation, EXPECTATIONS)
    page = _Page(system, values, check_count("digits", digits))
    notation = system.notation
    shown = system if notation is None else notation.in_numbers if values else notation
    equations, outputs = shown.equations, shown.outputs
    unit = rf"{page.tex(system.time_constant)} " if system.time_constant else ""
    moving = system.bulk_radius is None
    result = [
        page.line(rf"{unit}\frac{{d{page.tex(s.name)}}}{{dt}}" if moving else "0", f)
        for s, f in zip(system.state, equations)
    ]
    for v in system.input_names if system.filtered_inputs else ():
        rate = Line(rf"{unit}\frac{{d{page.tex(v)}}}{{dt}}", (f"- {page.tex(v)}", f"+ {driving(v)}"))
        result.append(rate if moving else Line(page.tex(v), (driving(v),)))
    result += [page.line(page.tex(name), z) for name, z in zip(system.output_names, outputs)]
    if notation is None:
        return tuple(result)
    result += page.definitions(notation)
    return tuple(result + explanations(system, expectation))


def align(system, environment="align", width=WIDTH, **options):
    r"""A system as one ``align`` environment.

    Parameters
    ----------
    system : System
        The system.
    environment : {"align", "align*", "aligned"}, default "align"
        Which environment.
    width : float
        Letters to a line.
    **options
        As in `lines`.

    Returns
    -------
    str

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x = sympy.Symbol("x")
    >>> print(align(System([-x], [x])))
    \begin{align}
    \frac{dx}{dt} &= - x
    \end{align}
    """
    return _environment(environment, [line.rows(width) for line in lines(system, **options)])


def cases(system, width=WIDTH, **options):
    r"""A system as one brace around its equations of motion, and an ``align`` of the rest below.

    A brace does not break across pages: for dozens of rows take `align`.

    Parameters
    ----------
    system, width, **options
        As in `align`.

    Returns
    -------
    str

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x, y = sympy.symbols("x y")
    >>> print(cases(System([y, -x], [x, y])))
    \begin{equation}
    \begin{cases}
    \displaystyle \frac{dx}{dt} = y \\[1ex]
    \displaystyle \frac{dy}{dt} = - x
    \end{cases}
    \end{equation}
    """
    shown = [line.rows(width) for line in lines(system, **options)]
    count = len(system.state) + (len(system.inputs) if system.filtered_inputs else 0)
    # The second column of a cases environment is for conditions, so nothing is aligned inside it.
    motion = [
        " \\\\\n".join(rf"\displaystyle {row.replace('&', '', 1)}" for row in equation)
        for equation in shown[:count]
    ]
    text = "\\begin{equation}\n\\begin{cases}\n" + " \\\\[1ex]\n".join(motion)
    text += "\n\\end{cases}\n\\end{equation}"
    return text if len(shown) == count else f"{text}\n{_environment('align', shown[count:])}"


def aligned_lines(system, definitions):
    """Definitions as pairs of LaTeX, left and right; for those of a system's notation."""
    page = _Page(system, False, 4)
    return [
        (page.tex(d.symbol.name), page.line("", d.expression).text.removeprefix(" = ")) for d in definitions
    ]


def expression_latex(system, expression, labels):
    r"""An expression in a system's symbols as LaTeX.

    Parameters
    ----------
    system : System
        Gives the symbols' LaTeX.
    expression : sympy expression
        The expression.
    labels : dict
        (mu, Delta) of an expectation -> subscript of its bracket.

    Returns
    -------
    str

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x, mu = sympy.symbols("x mu")
    >>> expression_latex(System([mu * x], [x], parameters=[mu]), mu - 1, {})
    '\\mu - 1'
    """
    page = _Page(system, False, 4)
    printer = Printer(page.latex, page.names, system.parameter_names, labels, 4)
    return " ".join(printer.pieces(expression)).removeprefix("+ ")


def driving(name):
    """LaTeX of the raw input that a filtered input follows: v -> u, v2 -> u_2, other names u with an index.

    Examples
    --------
    >>> driving("v"), driving("v2"), driving("stimulus")
    ('u', 'u_{2}', 'u_{\\\\mathrm{stimulus}}')
    """
    if name == "v" or (name[0] == "v" and name[1:].isdigit()):
        return "u" + (f"_{{{name[1:]}}}" if name[1:] else "")
    return f"u_{{{latex_name(name)}}}"


def _environment(name, equations):
    """An environment of equations, each a list of rows; where equations are numbered, one number for each."""
    glue = " \\notag \\\\\n" if name == "align" else " \\\\\n"
    body = " \\\\\n".join(glue.join(equation) for equation in equations)
    return f"\\begin{{{name}}}\n{body}\n\\end{{{name}}}"


class _Page:
    """A system's symbols and numbers, ready for printing."""

    def __init__(self, system, values, digits):
        notation = system.notation
        self.latex = {**(notation.latex if notation else {}), **system.latex}
        self.names = [*system.state_names, *system.input_names]
        self.neutral = {system.symbol(name): _exact(system.neutral[name]) for name in system.neutral_names}
        self.numbers = {system.symbol(name): value for name, value in system.values.items()} if values else {}
        self.values = values
        all_names = (*self.names, *system.parameter_names, *system.output_names)
        self.latex = {**{name: latex_name(name) for name in all_names}, **self.latex}
        self.printer = Printer(
            self.latex, self.names, system.parameter_names, notation.labels if notation else {}, digits
        )

    def tex(self, name):
        return self.latex.get(name) or latex_name(name)

    def line(self, left, expression):
        pieces = self.printer.pieces(with_numbers(expression.xreplace(self.neutral), self.numbers))
        pieces[0] = pieces[0].removeprefix("+ ")
        return Line(left, tuple(pieces))

    def definitions(self, notation):
        result, done = [], set()
        for d in (notation.in_numbers if self.values else notation).definitions:
            if d.family == HIDDEN:
                continue
            family = [other for other in notation.definitions if other.family == d.family]
            general = notation.generic.get(d.family)
            several = len(family) > 1 if d.family != "coupling" else len(family) > MANY
            if self.values or general is None or not several:
                result.append(self.line(self.tex(d.symbol.name), d.expression))
            elif d.family not in done:
                done.add(d.family)
                result.append(self.line(self.tex(general.symbol.name), general.expression))
        return result


def _exact(value):
    return sympy.Integer(int(value)) if value == int(value) else sympy.Float(value, 17)
