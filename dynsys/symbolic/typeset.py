r"""The lines of a system's LaTeX: equations of motion, filters, definitions, expectations, readouts."""

from dataclasses import dataclass

import sympy

from dynsys.symbolic.expectations import (
    PRINTED_VARIANCES,
    PRINTED_WEIGHTS,
    GaussianExpectation,
    bracket,
)
from dynsys.symbolic.names import latex_name
from dynsys.symbolic.printer import Printer, number, visible_length, with_numbers
from tasks.checks import check_count, choose

EXPECTATIONS = ("brackets", "formula", "integral")
WIDTH = 72  # of a printed line, in letters
MANY = 4  # couplings from which on one line says it for all of them


@dataclass(frozen=True)
class Line:
    """One equation, its right-hand side in pieces between which it may be broken.

    Parameters
    ----------
    left : str
        Left-hand side.
    pieces : tuple of str
        Right-hand side; each piece but the first starts with its sign.
    sign : str
        Between the two sides.

    Examples
    --------
    >>> Line("x", ("a", "+ b")).text
    'x = a + b'
    """

    left: str
    pieces: tuple
    sign: str = "="

    @property
    def text(self):
        """str : the equation unbroken."""
        return f"{self.left} {self.sign} {' '.join(self.pieces)}"

    def rows(self, width):
        r"""The equation as rows of an ``align``, none much wider than ``width`` letters."""
        rows, room = [f"{self.left} &{self.sign} {self.pieces[0]}"], 0.0
        room = width - visible_length(self.left) - visible_length(self.pieces[0])
        for piece in self.pieces[1:]:
            needed = visible_length(piece) + 1
            if needed > room:
                rows.append(rf"&\quad {{}} {piece}")
                room = width - visible_length(self.left) - needed - 2
            else:
                rows[-1] += f" {piece}"
                room -= needed
        return rows


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
    result = [
        page.line(rf"{unit}\frac{{d{page.tex(s.name)}}}{{dt}}", f) for s, f in zip(system.state, equations)
    ]
    if system.filtered_inputs:
        for v in system.input_names:
            result.append(
                Line(rf"{unit}\frac{{d{page.tex(v)}}}{{dt}}", (f"- {page.tex(v)}", f"+ {driving(v)}"))
            )
    result += [page.line(page.tex(name), z) for name, z in zip(system.output_names, outputs)]
    if notation is None:
        return tuple(result)
    result += page.definitions(notation)
    return tuple(result + _explanations(system, expectation, digits))


def rows(system, width=WIDTH, **options):
    """The rows of an ``align``, each equation a list of rows; options as in `lines`."""
    return [line.rows(width) for line in lines(system, **options)]


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
    glue = " \\notag \\\\\n" if environment == "align" else " \\\\\n"
    body = " \\\\\n".join(glue.join(equation) for equation in rows(system, width, **options))
    return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"


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


def _explanations(system, expectation, digits):
    """What the angle brackets of a mean field stand for."""
    notation = system.notation
    used = {f for e in (*notation.equations, *notation.outputs) for f in e.atoms(GaussianExpectation)}
    used |= {f for d in notation.definitions for f in d.expression.atoms(GaussianExpectation)}
    if not used:
        return []
    orders = sorted({int(f.args[0]) for f in used})
    several = len({f.args[1:] for f in used}) > 1
    free = any(f.args[1] != 0 for f in used)
    place, over = ("p", "^{(p)}") if several else ("", "")
    mean, variance = (rf"\mu{over}" if free else ""), rf"\Delta{over}"
    argument = f"{mean}{' + ' if free else ''}" + rf"\sqrt{{{variance}}}\,\xi"
    weight = r"\int_{-\infty}^{\infty} \frac{d\xi}{\sqrt{2\pi}}\, e^{-\xi^2/2}\,"
    if expectation == "brackets":
        left = r"\langle f\rangle" + (f"_{{{place}}}" if place else "")
        return [
            Line(
                left, (rf"{weight} f\bigl({argument}\bigr),", rf"\qquad \phi(x) = {_activation(system.phi)}")
            )
        ]
    return [
        line
        for k in orders
        for line in (
            [Line(bracket(k, place), (rf"{weight} {_derivative(system.phi, k, argument)}",))]
            if expectation == "integral"
            else _formula(system.phi, k, bracket(k, place), mean, variance)
        )
    ] + (_mixture_numbers() if expectation == "formula" and system.phi == "tanh" else [])


def _activation(phi):
    return {
        "tanh": r"\tanh x",
        "erf": r"\operatorname{erf}\bigl(\tfrac{\sqrt{\pi}}{2} x\bigr)",
        "relu": r"\max(0, x)",
        "linear": "x",
    }[phi]


def _derivative(phi, order, argument):
    inside = rf"\bigl({argument}\bigr)"
    return {
        ("tanh", 0): rf"\tanh{inside}",
        ("tanh", 1): rf"\bigl[1 - \tanh^2{inside}\bigr]",
        ("erf", 0): rf"\operatorname{{erf}}\bigl(\tfrac{{\sqrt{{\pi}}}}{{2}}({argument})\bigr)",
        ("erf", 1): rf"\exp\bigl(-\tfrac{{\pi}}{{4}}({argument})^2\bigr)",
        ("relu", 0): rf"\max\bigl(0, {argument}\bigr)",
        ("relu", 1): rf"\theta{inside}",
    }[phi, order]


def _formula(phi, order, left, mu, Delta):
    """The closed form of the orders 0 and 1; mu is empty when it is zero."""
    square = rf"({mu})^2" if "^" in mu else rf"{mu}^2"
    if phi == "tanh":
        below = rf"s_j + {Delta}"
        if order == 0:
            right = rf"\sum_{{j=1}}^{{5}} c_j \operatorname{{erf}}\frac{{{mu}}}{{\sqrt{{2({below})}}}}"
        else:
            decay = rf"\, e^{{-{square} / 2({below})}}" if mu else ""
            right = rf"\sum_{{j=1}}^{{5}} \frac{{2 c_j{decay}}}{{\sqrt{{2\pi({below})}}}}"
        return [Line(left, (right,), r"\approx")]
    if phi == "erf":
        root = rf"\sqrt{{1 + \pi{Delta}/2}}"
        if order == 0:
            return [Line(left, (rf"\operatorname{{erf}}\frac{{\sqrt{{\pi}}\,{mu}}}{{2{root}}}",))]
        decay = rf"e^{{-\pi{square} / (4 + 2\pi{Delta})}}" if mu else "1"
        return [Line(left, (rf"\frac{{{decay}}}{{{root}}}",))]
    ratio = rf"{mu or 0}/\sqrt{{2{Delta}}}"
    below = (
        rf"\tfrac{{1}}{{2}}\bigl[1 + \operatorname{{erf}}\bigl({ratio}\bigr)\bigr]" if mu else r"\tfrac{1}{2}"
    )
    if order == 1:
        return [Line(left, (below,))]
    density = rf"\sqrt{{\frac{{{Delta}}}{{2\pi}}}}" + (rf"\, e^{{-{square} / 2{Delta}}}" if mu else "")
    return [Line(left, (rf"{mu} {below}", rf"+ {density}") if mu else (density,))]


def _mixture_numbers():
    listed = (
        ", ".join(number(value, 6) for value in values) for values in (PRINTED_WEIGHTS, PRINTED_VARIANCES)
    )
    return [
        Line(name, (f"({text})",))
        for name, text in zip((r"(c_1, \ldots, c_5)", r"(s_1, \ldots, s_5)"), listed)
    ]
