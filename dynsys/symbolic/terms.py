"""Sums, products, powers and functions of typed terms, with limits, so that no text makes sympy explode.

Every constant is evaluated in floats on the way (``9^9^9^9`` is refused before sympy multiplies it out), and
the size of an expression is counted before sympy shortens it.
"""

import math
from dataclasses import dataclass

import sympy

from dynsys.symbolic.expectations import GaussianExpectation

MAX_SIZE, MAX_EXPONENT = 20_000, 1000

FUNCTIONS = {
    "exp": sympy.exp, "log": sympy.log, "ln": sympy.log, "sqrt": sympy.sqrt, "abs": sympy.Abs,
    "sign": sympy.sign, "heaviside": sympy.Heaviside, "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan,
    "asin": sympy.asin, "acos": sympy.acos, "atan": sympy.atan, "arcsin": sympy.asin, "arccos": sympy.acos,
    "arctan": sympy.atan, "sinh": sympy.sinh, "cosh": sympy.cosh, "tanh": sympy.tanh, "asinh": sympy.asinh,
    "acosh": sympy.acosh, "atanh": sympy.atanh, "erf": sympy.erf, "erfc": sympy.erfc,
    "relu": lambda x: sympy.Max(x, 0), "min": sympy.Min, "max": sympy.Max,
}  # fmt: skip
SEVERAL = ("min", "max")
_FLOATS = {
    sympy.exp: math.exp, sympy.log: math.log, sympy.sin: math.sin, sympy.cos: math.cos, sympy.tan: math.tan,
    sympy.asin: math.asin, sympy.acos: math.acos, sympy.atan: math.atan, sympy.sinh: math.sinh,
    sympy.cosh: math.cosh, sympy.tanh: math.tanh, sympy.asinh: math.asinh, sympy.acosh: math.acosh,
    sympy.atanh: math.atanh, sympy.erf: math.erf, sympy.erfc: math.erfc, sympy.Abs: abs,
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """An expression on its way, with what guards against explosions.

    Parameters
    ----------
    expression : sympy expression
        What was read.
    size : int
        Number of its nodes before sympy shortened it.
    number : float or None
        Its value where it is a constant.

    Examples
    --------
    >>> Value(sympy.Integer(2), 1, 2.0).number
    2.0
    """

    expression: sympy.Expr
    size: int = 1
    number: float | None = None


def combine(refusal, sign, left, right):
    """A sum, difference, product, quotient or power.

    Parameters
    ----------
    refusal : callable
        From a sentence to the error that points at the sign.
    sign : {"+", "-", "*", "/", "^", "**"}
        The operation.
    left, right : Value
        Its terms.

    Returns
    -------
    Value

    Examples
    --------
    >>> combine(ValueError, "/", Value(sympy.Integer(1), 1, 1.0), Value(sympy.Integer(4), 1, 4.0)).expression
    1/4
    """
    if sign == "/" and right.number == 0.0:
        raise refusal("division by zero")
    if sign in ("^", "**"):
        return _power(refusal, left, right)
    operation = {"+": _plus, "-": _minus, "*": _times, "/": _over}[sign]
    return apply(refusal, operation, [left, right])


def apply(refusal, function, arguments):
    """A function of some terms, or an error where it is too large or no finite constant.

    Parameters
    ----------
    refusal : callable
        As in `combine`.
    function : callable
        From sympy expressions to one.
    arguments : list of Value
        The terms.

    Returns
    -------
    Value

    Examples
    --------
    >>> apply(ValueError, sympy.log, [Value(sympy.Integer(0), 1, 0.0)])
    Traceback (most recent call last):
    ValueError: this constant is no finite real number
    """
    size = 1 + sum(argument.size for argument in arguments)
    if size > MAX_SIZE:
        raise refusal(f"the expression has more than {MAX_SIZE} terms with all definitions put in")
    expression = function(*(argument.expression for argument in arguments))
    number = None
    if not expression.free_symbols:
        try:
            number = _float(expression)
        except (ValueError, OverflowError, ZeroDivisionError, TypeError, KeyError):
            number = math.nan
        if not math.isfinite(number):
            raise refusal("this constant is no finite real number")
    return Value(expression, size, number)


def _power(refusal, base, exponent):
    if exponent.number is not None and abs(exponent.number) > MAX_EXPONENT:
        raise refusal(f"exponents reach from -{MAX_EXPONENT} to {MAX_EXPONENT}")
    if base.number is not None and exponent.number is not None:
        try:
            finite = math.isfinite(math.pow(base.number, exponent.number))
        except (ValueError, OverflowError, ZeroDivisionError):
            finite = False
        if not finite:
            raise refusal("this power is no finite real number")
    whole = exponent.expression
    if whole.is_Float and float(2 * whole).is_integer():  # x^0.5 is a square root
        exponent = Value(sympy.Rational(int(2 * whole), 2), exponent.size, exponent.number)
    return apply(refusal, _raised, [base, exponent])


def _plus(a, b):
    return a + b


def _minus(a, b):
    return a - b


def _times(a, b):
    return a * b


def _over(a, b):
    return a / b


def _raised(a, b):
    return a**b


def _float(expression):
    """Value of a constant in floats, so that a constant that explodes is known before sympy expands it."""
    if expression.is_Number or expression.is_NumberSymbol:
        return float(expression)
    parts = [_float(argument) for argument in expression.args]
    if isinstance(expression, GaussianExpectation):
        return float(expression.evalf(17))
    if expression.is_Add:
        return math.fsum(parts)
    if expression.is_Mul:
        return math.prod(parts)
    if expression.is_Pow:
        return math.pow(*parts)
    if isinstance(expression, (sympy.Max, sympy.Min)):
        return (max if isinstance(expression, sympy.Max) else min)(parts)
    return _FLOATS[expression.func](*parts)
