"""The origin of a system at zero input: what holds there, as expressions in the parameters."""

import sympy

from dynsys.symbolic.expectations import GaussianExpectation
from dynsys.symbolic.system import System, jacobian
from dynsys.symbolic.typeset import expression_latex
from tasks.errors import InputError


def origin_jacobian(system):
    """Jacobian at the origin and zero input, in the parameters.

    For one population and zero means it is -1 + gain Sigma_nm Phi_1(0, noise): the origin loses stability
    when the real part of an eigenvalue of the overlap matrix times gain Phi_1(0, noise) crosses 1 (THEORY 6).

    Parameters
    ----------
    system : System
        Any.

    Returns
    -------
    sympy.Matrix (R, R)

    Examples
    --------
    >>> x, a = sympy.symbols("x a")
    >>> origin_jacobian(System([a * x - x**3], [x], parameters=[a]))
    Matrix([[a]])
    """
    check_system(system)
    return jacobian(system).xreplace(_origin(system))


def check_origin(system, parameter):
    """The equations at zero input, the origin, the parameter's symbol; refuses what has no fixed point there.

    Parameters
    ----------
    system : System
        The system.
    parameter : str
        One of its parameters.

    Returns
    -------
    equations : tuple of sympy expression
    origin : dict
        State variable -> 0.
    p : sympy.Symbol

    Examples
    --------
    >>> x, r = sympy.symbols("x r")
    >>> check_origin(System([r * x], [x], parameters=[r]), "r")[0]
    (r*x,)
    """
    check_system(system)
    if parameter not in system.parameter_names:
        raise InputError(f"parameter: {parameter!r} is none of {', '.join(system.parameter_names)}")
    silent, origin = (dict.fromkeys(names, sympy.S.Zero) for names in (system.inputs, system.state))
    equations = tuple(F.xreplace(silent) for F in system.equations)
    for F in equations:
        if F.xreplace(origin).doit() != 0:
            raise InputError(f"system: the origin is no fixed point, there F = {F.xreplace(origin)}")
    return equations, origin, system.symbol(parameter)


def origin_lines(system, parameter, condition, at, shown):
    """Condition or critical value, and coefficients, as pairs of LaTeX with <f>_0 for what is at the origin.

    Parameters
    ----------
    system : System
        Gives the symbols' LaTeX.
    parameter : str
        Name of the parameter.
    condition : sympy expression
        What vanishes.
    at : sympy expression or None
        Critical value.
    shown : dict
        LaTeX of a left-hand side -> sympy expression.

    Returns
    -------
    tuple of (str, str)

    Examples
    --------
    >>> x, r = sympy.symbols("x r")
    >>> origin_lines(System([r * x], [x], parameters=[r]), "r", r, None, {})
    (('0', 'r'),)
    """
    first = ("0", condition) if at is None else (system.latex_of(parameter), at)
    lines = [first, *shown.items()]
    labels = {f.args[1:]: "0" for _, e in lines for f in e.atoms(GaussianExpectation)}
    return tuple((left, expression_latex(system, e, labels)) for left, e in lines)


def value_of(expression, numbers):
    """An expression as a float.

    Parameters
    ----------
    expression : sympy expression
        In symbols that have values.
    numbers : dict
        Name -> sympy number.

    Returns
    -------
    float

    Examples
    --------
    >>> value_of(sympy.Symbol("a") ** 2, {"a": sympy.Float(3)})
    9.0
    """
    return float(expression.xreplace({s: numbers[s.name] for s in expression.free_symbols}).evalf(17))


def check_system(system):
    """Refuse what is no `System`.

    Examples
    --------
    >>> check_system("x")
    Traceback (most recent call last):
    tasks.errors.InputError: system: expected a System, got str; see mean_field
    """
    if not isinstance(system, System):
        raise InputError(f"system: expected a System, got {type(system).__name__}; see mean_field")


def _origin(system):
    return dict.fromkeys((*system.state, *system.inputs), sympy.S.Zero)
