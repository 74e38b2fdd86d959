"""What a `System` accepts: names, expressions and numbers, each checked and refused by name.

Symbols of an expression are matched by name with the declared ones, whatever their assumptions.
"""

import math
import numbers

import sympy

from dynsys.symbolic.expectations import GaussianExpectation
from dynsys.symbolic.names import check_name
from tasks.errors import InputError

FUNCTIONS = (
    sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan, sympy.asin, sympy.acos, sympy.atan,
    sympy.sinh, sympy.cosh, sympy.tanh, sympy.asinh, sympy.acosh, sympy.atanh, sympy.erf, sympy.erfc,
    sympy.Abs, sympy.sign, sympy.Max, sympy.Min, sympy.Heaviside, GaussianExpectation,
)  # fmt: skip


def names(what, entries):
    """Names of symbols or texts, each a plain identifier.

    Examples
    --------
    >>> names("state", [sympy.Symbol("x"), "y"])
    ('x', 'y')
    """
    if isinstance(entries, (str, sympy.Symbol)):
        entries = (entries,)
    return tuple(check_name(what, entry) for entry in entries)


def text(name):
    """The text of a name that may be a symbol.

    Examples
    --------
    >>> text(sympy.Symbol("x"))
    'x'
    """
    return name.name if isinstance(name, sympy.Symbol) else name


def refuse_repeats(given):
    """Refuse a name that stands twice.

    Examples
    --------
    >>> refuse_repeats(["x", "y"])
    """
    for name in given:
        if given.count(name) > 1:
            raise InputError(f"names: {name!r} stands for more than one state variable, input or parameter")


def expressions(what, entries, own):
    """Expressions in a system's own symbols.

    Parameters
    ----------
    what : str
        What they are, for an error.
    entries : sequence of sympy expression or number
        The expressions.
    own : mapping name -> sympy.Symbol
        The declared symbols.

    Returns
    -------
    tuple of sympy expression

    Examples
    --------
    >>> x = sympy.Symbol("x")
    >>> expressions("equations", [x**2, 1], {"x": x})
    (x**2, 1)
    """
    if isinstance(entries, (str, sympy.Expr)):
        entries = (entries,)
    return tuple(_expression(f"{what}[{i}]", entry, own) for i, entry in enumerate(entries))


def values(what, given, known):
    """Values by parameter name, as floats.

    Examples
    --------
    >>> values("values", {"mu": 1}, ("mu", "lam"))
    {'mu': 1.0}
    """
    checked = {}
    for name, value in given.items():
        if name not in known:
            raise InputError(
                f"{what}: {name!r} is no parameter; the parameters are {', '.join(known) or 'none'}"
            )
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise InputError(f"{what}: {name} must be a finite number, got {value!r}")
        checked[name] = float(value)
    return checked


def output_names(given, count):
    """Names of the outputs; z or z1, z2, ... unless given.

    Examples
    --------
    >>> output_names((), 2)
    ('z1', 'z2')
    """
    found = names("output_names", given)
    if not found:
        found = ("z",) if count == 1 else tuple(f"z{i + 1}" for i in range(count))
    if len(found) != count or len(set(found)) != count:
        raise InputError(f"output_names: expected {count} different names, got {', '.join(found)}")
    return found


def _expression(what, entry, own):
    if isinstance(entry, numbers.Real) and not isinstance(entry, bool):
        entry = sympy.Integer(entry) if isinstance(entry, numbers.Integral) else sympy.Float(float(entry), 17)
    if not isinstance(entry, sympy.Expr):
        raise InputError(
            f"{what}: expected a sympy expression, got {type(entry).__name__}; build it from sympy symbols"
        )
    if any(
        argument.has(GaussianExpectation) for f in entry.atoms(GaussianExpectation) for argument in f.args
    ):
        raise InputError(f"{what}: an expectation inside the mean or variance of another is not supported")
    replaced = {}
    for node in sympy.preorder_traversal(entry):
        if isinstance(node, sympy.Symbol):
            if node.name not in own:
                raise InputError(
                    f"{what}: {node.name!r} is not declared; the names are {', '.join(own) or 'none'}"
                )
            replaced[node] = own[node.name]
        elif not _is_supported(node):
            listed = ", ".join(f.__name__ for f in FUNCTIONS[:-1])
            raise InputError(f"{what}: {str(node)[:60]} is not supported; use + - * / ** and {listed}")
    return entry.xreplace({old: new for old, new in replaced.items() if old is not new})


def _is_supported(node):
    if node.is_Number or node.is_NumberSymbol:
        return bool(node.is_finite)
    return node.is_Add or node.is_Mul or node.is_Pow or isinstance(node, FUNCTIONS)
