"""A System as a table for `dynsys.numerics.taylor`, which gives its derivatives of any order exactly."""

import numpy as np
import sympy

from dynsys.numerics import taylor
from dynsys.numerics.gaussian import FUNCTION_CODES
from dynsys.symbolic.derivatives import place, plain
from tasks.errors import InputError

_UNARY = {
    sympy.exp: taylor.EXP, sympy.log: taylor.LOG, sympy.sin: taylor.SIN, sympy.cos: taylor.COS,
    sympy.tan: taylor.TAN, sympy.tanh: taylor.TANH, sympy.sinh: taylor.SINH, sympy.cosh: taylor.COSH,
    sympy.Abs: taylor.ABS, sympy.sign: taylor.SIGN, sympy.Heaviside: taylor.HEAVISIDE,
}  # fmt: skip
# f' = scale (one + curve a^2)^power, as (scale, one, curve, power); None: exp(-a^2).
_INTEGRALS = {
    sympy.asin: (taylor.ASIN, 1.0, 1.0, -1.0, -0.5), sympy.acos: (taylor.ACOS, -1.0, 1.0, -1.0, -0.5),
    sympy.atan: (taylor.ATAN, 1.0, 1.0, 1.0, -1.0), sympy.asinh: (taylor.ASINH, 1.0, 1.0, 1.0, -0.5),
    sympy.acosh: (taylor.ACOSH, 1.0, -1.0, 1.0, -0.5), sympy.atanh: (taylor.ATANH, 1.0, 1.0, -1.0, -1.0),
    sympy.erf: (taylor.ERF, 2 / np.sqrt(np.pi)), sympy.erfc: (taylor.ERFC, -2 / np.sqrt(np.pi)),
}  # fmt: skip
# Powers up to this are products, which are exact at 0 too.
_LONGEST_PRODUCT = 64


def taylor_program(system):
    """The table of a system.

    Parameters
    ----------
    system : System
        The system; its parameters' values do not matter.

    Returns
    -------
    ndarray (Q, 4)

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x, mu = sympy.symbols("x mu")
    >>> program = taylor_program(System([mu - x**3], [x], parameters=[mu]))
    >>> out = np.empty(3)
    >>> taylor.run(np.array([2.0]), np.empty(0), np.array([1.0]), np.array([1.0, 0.0]), program, out)
    >>> out  # -3 x^2, -6 x, -6
    array([-12., -12.,  -6.])
    """
    flat = plain(system)
    parts = [*flat.equations, *(part for e in flat.expectations for part in (e.mu, e.Delta))]
    shared, reduced = sympy.cse(parts, symbols=sympy.numbered_symbols("t", real=True), order="none")
    writer = _Writer(flat, shared, reduced[len(flat.equations) :])
    for r, expression in enumerate(reduced[: len(flat.equations)]):
        writer.row(taylor.OUT, writer.place_of(expression), r)
    return np.array(writer.rows, dtype=float)


class _Writer:
    """Collects rows; every expression gets one row however often it occurs."""

    def __init__(self, flat, shared, arguments):
        self.rows, self.known, self.flat, self.arguments = [], {}, flat, arguments
        self.shared = dict(shared)
        for op, symbols in (
            (taylor.STATE, flat.state), (taylor.INPUT, flat.inputs), (taylor.PARAMETER, flat.parameters),
        ):  # fmt: skip
            for i, symbol in enumerate(symbols):
                self.known[symbol] = (op, i)

    def row(self, op, a=0, b=0, value=0.0):
        self.rows.append((op, a, b, value))
        return len(self.rows) - 1

    def place_of(self, e):
        """Number of the row that holds an expression."""
        found = self.known.get(e)
        if isinstance(found, tuple):
            found = self.row(*found)
        elif found is None:
            found = self._write(e)
        self.known[e] = found
        return found

    def _write(self, e):
        if e.is_Symbol:
            if e in self.shared:
                return self.place_of(self.shared[e])
            j, k = place(e)
            mean, variance = (self.place_of(self.arguments[2 * j + i]) for i in (0, 1))
            code = FUNCTION_CODES[self.flat.expectations[j].phi] + taylor.FUNCTIONS * k
            return self.row(taylor.EXPECTATION, mean, variance, code)
        if e.is_number:
            return self.row(taylor.CONSTANT, value=float(e.evalf(17)))
        if e.is_Add or e.is_Mul:
            number, rest = e.as_coeff_Add() if e.is_Add else e.as_coeff_Mul()
            terms = [self.place_of(term) for term in type(e).make_args(rest)]
            total = self._fold(taylor.ADD if e.is_Add else taylor.MULTIPLY, terms)
            neutral = 0 if e.is_Add else 1
            if number == neutral:
                return total
            return self.row(taylor.SHIFT if e.is_Add else taylor.SCALE, total, value=float(number.evalf(17)))
        if e.is_Pow:
            return self._power(*e.as_base_exp())
        if e.func in (sympy.Max, sympy.Min):
            op = taylor.MAXIMUM if e.func is sympy.Max else taylor.MINIMUM
            return self._fold(op, [self.place_of(argument) for argument in e.args])
        if e.func in _UNARY:
            return self.row(_UNARY[e.func], self.place_of(e.args[0]))
        if e.func in _INTEGRALS:
            return self._integral(e)
        raise InputError(f"equations: {e.func.__name__} has no rule for its derivatives")

    def _fold(self, op, places):
        total = places[0]
        for other in places[1:]:
            total = self.row(op, total, other)
        return total

    def _power(self, base, exponent):
        if base == sympy.E:
            return self.row(taylor.EXP, self.place_of(exponent))
        if exponent.is_Integer and 1 < abs(int(exponent)) <= _LONGEST_PRODUCT:
            product = self._product(self.place_of(base), abs(int(exponent)))
            return product if exponent > 0 else self.row(taylor.POWER, product, value=-1.0)
        if exponent.is_number:
            return self.row(taylor.POWER, self.place_of(base), value=float(exponent.evalf(17)))
        logarithm = self.row(taylor.LOG, self.place_of(base))
        return self.row(taylor.EXP, self.row(taylor.MULTIPLY, logarithm, self.place_of(exponent)))

    def _product(self, base, exponent):
        if exponent == 1:
            return base
        half = self._product(base, exponent // 2)
        square = self.row(taylor.MULTIPLY, half, half)
        return self.row(taylor.MULTIPLY, square, base) if exponent % 2 else square

    def _integral(self, e):
        which, scale, *shape = _INTEGRALS[e.func]
        a = self.place_of(e.args[0])
        square = self.row(taylor.MULTIPLY, a, a)
        if shape:
            one, curve, power = shape
            inside = self.row(taylor.SHIFT, self.row(taylor.SCALE, square, value=curve), value=one)
            slope = self.row(taylor.POWER, inside, value=power)
        else:
            slope = self.row(taylor.EXP, self.row(taylor.SCALE, square, value=-1.0))
        return self.row(taylor.INTEGRAL, a, self.row(taylor.SCALE, slope, value=scale), value=which)
