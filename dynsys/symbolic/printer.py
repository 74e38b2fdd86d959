r"""Expressions as LaTeX in the order of a paper: number, parameter, variable, bracket; lines to break."""

import re
from dataclasses import dataclass

import sympy
from sympy.printing.latex import LatexPrinter

from dynsys.symbolic.expectations import GaussianExpectation

SHORT = 36  # letters of a fraction that need not be broken


class Printer(LatexPrinter):
    r"""LaTeX printer that knows a system's symbols.

    Parameters
    ----------
    latex : dict
        Name -> LaTeX.
    variables : sequence of str
        Names that come last in a product and decide the order of a sum.
    parameters : sequence of str
        Names in the order in which they stand in a product.
    labels : dict
        (mu, Delta) -> subscript of a bracket.
    digits : int
        Significant digits of numbers.

    Examples
    --------
    >>> x, a = sympy.symbols("x a")
    >>> Printer({"a": r"\alpha"}, ["x"], ["a"], {}, 3).doprint(sympy.Float(1.23456) * x**2 * a)
    '1.23 \\alpha x^{2}'
    """

    def __init__(self, latex, variables, parameters, labels, digits):
        super().__init__({"order": "none"})
        self._latex_names, self._labels, self._digits = latex, labels, digits
        self._variables = {name: i for i, name in enumerate(variables)}
        self._parameters = {name: i for i, name in enumerate(parameters)}

    def population_label(self, mu, Delta):
        """Subscript of an expectation's bracket, None if it has no short one."""
        return self._labels.get((mu, Delta))

    def pieces(self, expression):
        r"""A sum as pieces between which a line may break, each with its sign.

        Parameters
        ----------
        expression : sympy expression

        Returns
        -------
        list of str
        """
        if not expression.is_Add:
            return self._pieces_of_term(expression)
        pieces = []
        for term in self._as_ordered_terms(expression):
            pieces += self._pieces_of_term(term)
        return pieces

    def _pieces_of_term(self, term):
        sums = [f for f in term.args if f.is_Add] if term.is_Mul else []
        whole = _signed(self._print(term))
        if len(sums) != 1 or (_has_denominator(term) and visible_length(whole) < SHORT):
            return [whole]
        # Factors around a long sum: break inside its parentheses.
        ranked = sorted((f for f in term.args if not f.is_Add), key=self._rank)
        front, back = (self._print(sympy.Mul(*part)) if part else "" for part in self._split(ranked))
        front = {"1": "", "-1": "-"}.get(front, front)
        inner = self.pieces(sums[0])
        left, right = ("[", "]") if any(r"\bigr)" in piece for piece in inner) else ("(", ")")
        inner[0] = f"{_signed(front).rstrip()} \\bigl{left}{inner[0].removeprefix('+ ')}"
        inner[-1] += rf"\bigr{right} {back}".rstrip()
        return inner

    def _split(self, factors):
        """What stands before a sum, all denominators among it, and what stands behind it."""
        behind = [f for f in factors if self._rank(f)[0] > 3 and not _has_denominator(f)]
        return [f for f in factors if f not in behind], behind

    def _print_Symbol(self, expr, style="plain"):
        return self._latex_names.get(expr.name) or super()._print_Symbol(expr)

    def _print_Float(self, expr):
        return number(float(expr), self._digits)

    def _print_Mul(self, expr):
        if not expr.is_Mul:  # sympy's printer sends 1/x here too
            return super()._print_Mul(expr)
        ordered = sympy.Mul(*sorted(expr.args, key=self._rank), evaluate=False)
        return super()._print_Mul(ordered)

    def _as_ordered_terms(self, expr, order=None):
        return sorted(expr.args, key=self._place_of_term)

    def _rank(self, factor):
        """Where a factor stands in a product."""
        base = factor.as_base_exp()[0]
        if base.is_Number:
            return 0, 0, ""
        if base.is_Symbol:
            place = self._variables.get(base.name)
            if place is not None:
                return 2, place, ""
            return 1, self._parameters.get(base.name, len(self._parameters)), base.name
        return (3, 0, "") if base.is_Add else (4, 0, str(base.func))

    def _place_of_term(self, term):
        """Where a term stands in a sum: those without parameters first, then by powers of the variables."""
        powers = dict.fromkeys(self._variables, 0)
        for factor in sympy.Mul.make_args(term):
            base, power = factor.as_base_exp()
            if base.is_Symbol and base.name in powers and power.is_number:
                powers[base.name] = power
        plain = all(s.name in powers for s in term.free_symbols) and not term.is_number
        places = list(self._labels)
        found = [
            (places.index(f.args[1:]), -f.args[0])
            for f in term.atoms(GaussianExpectation)
            if f.args[1:] in places
        ]
        return not plain, [-p for p in powers.values()], term.is_number, min(found, default=(0, 0)), str(term)


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


def with_numbers(expression, numbers):
    """Put numbers in the place of symbols without rearranging anything: 2 (x + y) stays a product.

    Parameters
    ----------
    expression : sympy expression
        Any.
    numbers : dict
        sympy.Symbol -> float.

    Returns
    -------
    sympy expression
        For printing only: not evaluated.

    Examples
    --------
    >>> a, x, y = sympy.symbols("a x y")
    >>> with_numbers(2 * a * (x + y), {a: 1.5})
    3.0*(x + y)
    """
    if expression in numbers:
        return sympy.Float(numbers[expression], 17)
    if not expression.args or not numbers or not expression.free_symbols & set(numbers):
        return expression
    args = [with_numbers(argument, numbers) for argument in expression.args]
    if expression.is_Add:
        args = [argument for argument in args if argument != 0]
        return sympy.Add(*args, evaluate=False) if len(args) > 1 else (*args, sympy.S.Zero)[0]
    if expression.is_Mul:
        factor = sympy.Mul(*(argument for argument in args if argument.is_Number))
        rest = [argument for argument in args if not argument.is_Number]
        if factor == 0 or not rest:
            return factor
        return sympy.Mul(*([] if factor == 1 else [factor]), *rest, evaluate=False)
    return expression.func(*args)


def number(value, digits):
    r"""A number with so many significant digits.

    Examples
    --------
    >>> number(1.23456e-7, 3), number(-0.5, 4)
    ('1.23 \\times 10^{-7}', '-0.5')
    """
    mantissa, _, power = f"{value:.{digits}g}".partition("e")
    return mantissa if not power else rf"{mantissa} \times 10^{{{int(power)}}}"


def visible_length(text):
    """About how many letters wide LaTeX is printed.

    Examples
    --------
    >>> visible_length(r"\\tilde{\\sigma}_{mn} \\kappa")
    3.4
    """
    text = re.sub(r"\\(tilde|mathrm|bigl|bigr|left|right|operatorname|quad|frac|sqrt)(?![A-Za-z])", "", text)
    text = re.sub(r"\\[A-Za-z]+", "x", text)
    width = 0.0
    for script, plain in re.findall(r"[_^](\{[^{}]*\}|.)|([^\s{}_^\\])", text):
        width += 0.7 * len(script.strip("{}").replace(" ", "")) if script else len(plain)
    return round(width + 0.8 * len(re.findall(r"(?<=\s)[-+=](?=\s)", text)), 1)


def _has_denominator(term):
    return sympy.fraction(term)[1] != 1


def _signed(text):
    text = text.strip()
    return f"- {text[1:].strip()}" if text.startswith("-") else f"+ {text}"
