"""A System's right-hand sides and Jacobian over boxes: generated interval code, for proofs.

Made from the same expressions as the ordinary functions (`dynsys.symbolic.codegen`), in a file of its own:

    values(box, u, p, out)   out (2 R,)     F over a box (low_1, high_1, ...), as intervals
    slopes(box, u, p, out)   out (2 R R,)   the Jacobian, row by row, as intervals

In the wide version u and p are intervals as well, (low_1, high_1, ...): what is proved then holds for every
value of the inputs and parameters in them.

Every operation is one of `dynsys.numerics.intervals` or `interval_functions`, rounded outward; a number that
no float holds becomes the interval between its neighbours (sympy's floats are fractions here, or it would
round their products); a logistic function is written as a tanh, which
its slope shares; Gaussian expectations are enclosed by `dynsys.numerics.interval_gaussian`.
"""

import math
from dataclasses import replace
from fractions import Fraction

import sympy

from dynsys.numerics import interval_functions, interval_gaussian, intervals, signatures
from dynsys.symbolic import codegen, derivatives
from dynsys.symbolic.codegen import fingerprint, keep, load
from dynsys.symbolic.derivatives import gradients, place, plain
from dynsys.symbolic.names import symbol
from tasks.errors import InputError

_HEADER = '''"""Interval extension of the vector field of a dynsys System; generated, do not edit."""

import math

import numpy as np

from dynsys.numerics.interval_functions import (
    acos, acosh, asin, asinh, atan, atanh, cos, cosh, erf, erfc, exp, log, real_power, sin, sinh, tan, tanh,
)
from dynsys.numerics.interval_gaussian import (
    allow_cut, erf_bounds, erf_squared_bounds, linear_bounds, relu_bounds, tanh_bounds,
)
from dynsys.numerics.intervals import (
    add, bounds, dirac, div, heaviside, inverse, magnitude, maximum, minimum, mul, neg, point, power, root,
    scale, shift, sign, square, sub,
)
from dynsys.numerics.signatures import FIELD
from rnn.jit import jit
'''
_FUNCTIONS = {
    sympy.exp: "exp", sympy.log: "log", sympy.sin: "sin", sympy.cos: "cos", sympy.tan: "tan",
    sympy.asin: "asin", sympy.acos: "acos", sympy.atan: "atan", sympy.sinh: "sinh", sympy.cosh: "cosh",
    sympy.tanh: "tanh", sympy.asinh: "asinh", sympy.acosh: "acosh", sympy.atanh: "atanh", sympy.erf: "erf",
    sympy.erfc: "erfc", sympy.Abs: "magnitude", sympy.sign: "sign", sympy.Heaviside: "heaviside",
    sympy.DiracDelta: "dirac",
}  # fmt: skip
_FOLDED = {sympy.Max: "maximum", sympy.Min: "minimum"}
_INGREDIENTS = (intervals, interval_functions, interval_gaussian, signatures, derivatives, codegen)
VERSION = 4
_LARGEST = 1.7976931348623157e308


def enclosures(system, wide=False):
    """Compile the interval extension of a system.

    Parameters
    ----------
    system : System
        The system; its parameters' values do not matter.
    wide : bool, default False
        Whether inputs and parameters are intervals, too.

    Returns
    -------
    module
        With the compiled functions values and slopes.

    Raises
    ------
    InputError
        A function, or an order of a Gaussian expectation, that has no enclosure.

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.symbolic.system import System
    >>> module = enclosures(System.from_text("x' = mu - x^2; parameter mu"))
    >>> out = np.empty(2)
    >>> module.values(np.array([1.0, 2.0]), np.empty(0), np.array([0.5]), out)
    >>> out.round(12)
    array([-3.5, -0.5])
    """
    flat = plain(system)
    kind = "wide_enclosure" if wide else "enclosure"
    name = f"{kind}_{fingerprint(system, flat, _INGREDIENTS)}_{VERSION}.py"
    return load(keep(name, lambda: enclosure_text(flat, wide)))


def enclosure_text(flat, wide=False):
    """Python source of the two functions.

    Parameters
    ----------
    flat : Plain
        The system in the symbols of generated code.
    wide : bool, default False
        As in `enclosures`.

    Returns
    -------
    str

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> flat = plain(System.from_text("x' = mu - x^2; parameter mu"))
    >>> "out[0], out[1] = shift(p0, neg(square(x0)))" in enclosure_text(flat)
    True
    """
    flat, equations = _lettered(flat, wide)
    table = gradients(equations, flat.state, flat.expectations)
    return "\n\n".join(
        (
            _HEADER,
            _function("values", "F over a box.", flat, equations, wide),
            _function("slopes", "dF/d(state) over a box.", flat, [e for row in table for e in row], wide),
        )
    )


def _function(name, doc, flat, expressions, wide):
    orders, written = flat.orders(expressions), flat.orders(flat.equations)
    used = [flat.expectations[j] for j in sorted(orders)]
    arguments = [part for expectation in used for part in (expectation.mu, expectation.Delta)]
    loads = _loads([*expressions, *arguments])
    body = [f"{s} = {text}" for s, text in loads if s.name[0] in "xupUP"]
    for j, (low, high) in sorted(orders.items()):
        expectation = flat.expectations[j]
        if high > interval_gaussian.MAX_ORDER and expectation.phi in interval_gaussian.LIMITED:
            raise InputError(
                f"certify: the proof needs E phi^({high}), phi = {expectation.phi}, of mean {expectation.mu} "
                f"and variance {expectation.Delta}; enclosures reach order {interval_gaussian.MAX_ORDER}"
            )
        mu, Delta = (_interval(part) for part in (expectation.mu, expectation.Delta))
        body.append(f"e{j} = np.empty({2 * high + 2})")
        body.append(f"v{j} = {Delta}")
        body.append(f"{expectation.phi}_bounds({low}, {high}, {mu}, v{j}, e{j})")
        first = written[j][0] + 2  # what multiplies slopes of the variance, 0 where it is cut at 0
        if name == "slopes" and high >= first and expectation.Delta.free_symbols & set(flat.state):
            body.append(f"allow_cut({first}, {high}, v{j}, e{j})")
    body += [f"{s} = {text}" for s, text in loads if s.name[0] == "e"]
    shared, results = sympy.cse(
        expressions, symbols=sympy.numbered_symbols("t", real=True), order="none", optimizations=()
    )
    body += [f"{left} = {_interval(right)}" for left, right in shared]
    body += [f"out[{2 * i}], out[{2 * i + 1}] = {_interval(e)}" for i, e in enumerate(results)]
    lines = "\n    ".join([f'"""{doc}"""', *body])
    return f"@jit(FIELD)\ndef {name}(x, u, p, out):\n    {lines}\n"


def _lettered(flat, wide):
    """The system as it is enclosed: see `_exact`; wide inputs and parameters as U and P."""
    changed = {s: symbol(s.name.upper()) for s in (*flat.inputs, *flat.parameters)} if wide else {}
    expectations = tuple(
        replace(e, mu=_exact(e.mu).xreplace(changed), Delta=_exact(e.Delta).xreplace(changed))
        for e in flat.expectations
    )
    equations = [_exact(e).xreplace(changed) for e in flat.equations]
    return replace(flat, expectations=expectations), equations


def _loads(expressions):
    """Each symbol with the place of its value: x0 in x, e1_2 in e1, U0 in u, intervals; p0 in p, a float."""
    free = set().union(*(e.free_symbols for e in expressions)) if expressions else set()
    found = []
    for s in sorted(free, key=lambda s: s.name):
        j, k = place(s)
        number = s.name[1:]
        text = f"bounds(e{j}, {k})" if j is not None else f"bounds({s.name[0].lower()}, {number})"
        found.append((s, f"{s.name[0]}[{number}]" if s.name[0] in "up" else text))
    return found


def _exact(expression):
    """Floats as the fractions that they are, so that no derivative is rounded; logistic functions as tanh."""
    floats = expression.atoms(sympy.Float)
    return _with_tanh(expression.xreplace({number: sympy.Rational(number) for number in floats}))


def _with_tanh(expression):
    """1 / (1 + exp(a)) = (1 - tanh(a / 2)) / 2: one place for a, in the function and in its slope."""

    def logistic(e):
        return e.is_Pow and e.exp.is_Integer and e.exp < 0 and _exponent(e.base) is not None

    def as_tanh(e):
        return ((1 - sympy.tanh(_exponent(e.base) / 2)) / 2) ** (-e.exp)

    return expression.replace(logistic, as_tanh)


def _exponent(base):
    """a of 1 + exp(a), None of anything else."""
    if base.is_Add and len(base.args) == 2:
        one, other = base.args
        if one == 1 and isinstance(other, sympy.exp):
            return other.args[0]
    return None


def _interval(expression):
    """Text of an expression as an interval."""
    kind, text = _term(expression)
    return f"point({text})" if kind == "float" else text


def _term(e):
    """("float", text) of what a float holds exactly, ("interval", text) of anything else."""
    if e.is_Symbol:
        return ("float" if e.name[0] in "up" else "interval"), e.name
    if e.is_Number or e.is_NumberSymbol:
        return _number(e)
    if e.is_Add:
        return "interval", _sum(e)
    if e.is_Mul:
        return "interval", _product(e)
    if e.is_Pow:
        return "interval", _power(e)
    if e.func in _FUNCTIONS:
        return "interval", f"{_FUNCTIONS[e.func]}({_interval(e.args[0])})"
    if e.func in _FOLDED:
        text = _interval(e.args[0])
        for argument in e.args[1:]:
            text = f"{_FOLDED[e.func]}({text}, {_interval(argument)})"
        return "interval", text
    raise InputError(f"certify: {str(e.func)[:60]} has no enclosure")


def _number(e):
    if e.is_Rational or e.is_Float:
        exact = Fraction(int(sympy.Rational(e).p), int(sympy.Rational(e).q))
        if abs(exact) > _LARGEST:
            return "interval", f"({_LARGEST!r}, math.inf)" if exact > 0 else f"(-math.inf, {-_LARGEST!r})"
        near = float(exact)
        if math.isfinite(near) and Fraction(near) == exact:
            return "float", repr(near)
    else:
        near = float(e.evalf(40))
    return "interval", f"({math.nextafter(near, -math.inf)!r}, {math.nextafter(near, math.inf)!r})"


def _sum(e):
    total = None
    for part in sorted(e.args, key=lambda part: (part.could_extract_minus_sign(), part.sort_key())):
        if total is None:
            total = _term(part)
            continue
        if part.could_extract_minus_sign() and total[0] == "interval":
            total = "interval", f"sub({total[1]}, {_interval(-part)})"
            continue
        kind, text = _term(part)
        if kind == "float":
            total = "interval", f"shift({text}, {_wrap(total)})"
        elif total[0] == "float":
            total = "interval", f"shift({total[1]}, {text})"
        else:
            total = "interval", f"add({total[1]}, {text})"
    return total[1]


def _wrap(term):
    return f"point({term[1]})" if term[0] == "float" else term[1]


def _product(e):
    above = [part for part in e.args if not (part.is_Pow and part.exp.is_Number and part.exp < 0)]
    below = [1 / part for part in e.args if part.is_Pow and part.exp.is_Number and part.exp < 0]
    text = _factors(above)
    if not below:
        return _wrap(text)
    divisor = _wrap(_factors(below))
    return f"inverse({divisor})" if text == ("float", "1.0") else f"div({_wrap(text)}, {divisor})"


def _factors(parts):
    total = "float", "1.0"
    for kind, text in sorted((_term(part) for part in parts), reverse=True):  # intervals first
        if total == ("float", "1.0"):
            total = kind, text
        elif kind == "float" and _literal(text) == -1.0:
            total = "interval", f"neg({_wrap(total)})"
        elif kind == "float":
            total = "interval", f"scale({text}, {_wrap(total)})"
        else:
            total = "interval", f"mul({_wrap(total)}, {text})"
    return total


def _literal(text):
    """The number that a literal stands for, NaN for a name."""
    return float(text) if text.lstrip("-")[:1].isdigit() else math.nan


def _power(e):
    base, exponent = e.args
    if exponent.is_Float and float(2 * exponent).is_integer():
        exponent = sympy.Rational(int(2 * exponent), 2)
    if exponent.is_Rational and exponent.q in (1, 2):
        n, text = abs(int(exponent.p)), _interval(base)
        text = text if exponent.q == 1 else f"root({text})"
        text = text if n == 1 else f"square({text})" if n == 2 else f"power({text}, {n})"
        return f"inverse({text})" if exponent < 0 else text
    return f"real_power({_interval(base)}, {_interval(exponent)})"
