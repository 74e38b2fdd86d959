r"""Exact statements about a mean field: fixed points in closed form, where and how the origin branches.

Everything is obtained from the System by differentiation and by solving linear equations: nothing here can
run for long. By symmetry, (kappa, v) -> (-kappa, -v), the origin is a fixed point at v = 0 for every odd phi.
"""

from dataclasses import dataclass

import sympy

from dynsys.symbolic.expectations import ErfExpectation, GaussianExpectation
from dynsys.symbolic.system import System, jacobian
from dynsys.symbolic.typeset import expression_latex
from tasks.errors import InputError


@dataclass(frozen=True, eq=False, repr=False)
class OriginBranch:
    """The branch point at the origin of a one-dimensional system, in its parameters.

    With z = kappa and dp the distance of the parameter from its critical value, the equation near the branch
    point is a01 dp + b11 z dp + (b20/2) z^2 + (b30/6) z^3 (conventions of DYNAMICS). a01 = b20 = 0 and
    b30 != 0: a pitchfork, supercritical where b11 and b30 have opposite signs.

    Parameters
    ----------
    parameter : str
        Name of the parameter.
    condition : sympy expression
        dF/dkappa at the origin; the branch point is where it vanishes.
    at : sympy expression or None
        The parameter's critical value, where the condition is linear in it.
    coefficients : dict
        "a01", "b11", "b20/2", "b30/6" -> sympy expression in the parameters (put in the critical value).
    lines : tuple of (str, str)
        The same as LaTeX, left and right of an equality sign; <f>_0 is the expectation at the origin.

    Examples
    --------
    >>> x, mu = sympy.symbols("x mu")
    >>> origin_branch(System([mu * x - x**3], [x], parameters=[mu]), "mu")
    OriginBranch(pitchfork at mu = 0; a01 = 0, b11 = 1, b20/2 = 0, b30/6 = -1)
    """

    parameter: str
    condition: sympy.Expr
    at: sympy.Expr
    coefficients: dict
    lines: tuple = ()

    @property
    def kind(self):
        """str : "pitchfork", "transcritical" or "fold", as far as symbols decide."""
        if self.coefficients["a01"] != 0:
            return "fold"
        return "pitchfork" if self.coefficients["b20/2"] == 0 else "transcritical"

    def numbers(self, values):
        """Critical value and coefficients as numbers.

        Parameters
        ----------
        values : mapping name -> float
            Values of the parameters; that of the branch's own parameter is not used when `at` is known.

        Returns
        -------
        dict
            "at" (None where unknown) and the coefficients.
        """
        numbers = {name: sympy.Float(value, 17) for name, value in values.items()}
        at = None if self.at is None else _number(self.at, numbers)
        if at is not None:
            numbers[self.parameter] = sympy.Float(at, 17)
        return {"at": at, **{name: _number(e, numbers) for name, e in self.coefficients.items()}}

    def __repr__(self):
        listed = ", ".join(f"{name} = {value}" for name, value in self.coefficients.items())
        where = f"{self.parameter} = {self.at}" if self.at is not None else f"{self.condition} = 0"
        return f"OriginBranch({self.kind} at {where}; {listed})"

    def _repr_latex_(self):
        body = r" \\ ".join(f"{left} &= {right}" for left, right in self.lines)
        return rf"$$\begin{{aligned}} {body} \end{{aligned}}$$"


def origin_branch(system, parameter="gain"):
    """Where and how the origin of a one-dimensional system branches along a parameter, at zero input.

    For a mean field of rank one the condition is gain (sigma_mn + a_m a_n) Phi_1(0, noise) = 1 (THEORY 6).

    Parameters
    ----------
    system : System
        One state variable, with the origin as a fixed point at zero input.
    parameter : str, default "gain"
        One of its parameters.

    Returns
    -------
    OriginBranch

    Raises
    ------
    InputError
        Several state variables, an unknown parameter, or an origin that is no fixed point.

    Examples
    --------
    >>> x, r, a = sympy.symbols("x r a")
    >>> origin_branch(System([r * x + a * x**2 - x**3], [x], parameters=[r, a]), "r").kind
    'transcritical'
    """
    _check(system)
    if len(system.state) != 1:
        listed = ", ".join(system.state_names)
        raise InputError(f"system: one state variable is needed, got {listed}; see origin_jacobian")
    if parameter not in system.parameter_names:
        raise InputError(f"parameter: {parameter!r} is none of {', '.join(system.parameter_names)}")
    (kappa,), (F,), p = system.state, system.equations, system.symbol(parameter)
    origin = _origin(system)
    if F.xreplace(origin).doit() != 0:
        raise InputError(f"system: the origin is no fixed point, there F = {F.xreplace(origin)}")

    def at_origin(expression):
        return sympy.factor_terms(expression.xreplace(origin))

    slope = F.diff(kappa)
    condition = at_origin(slope)
    coefficients = {
        "a01": at_origin(F.diff(p)),
        "b11": at_origin(slope.diff(p)),
        "b20/2": at_origin(slope.diff(kappa)) / 2,
        "b30/6": at_origin(slope.diff(kappa, 2)) / 6,
    }
    per_unit = condition.diff(p)
    linear = per_unit != 0 and p not in per_unit.free_symbols
    at = sympy.factor_terms(-condition.xreplace({p: sympy.S.Zero}) / per_unit) if linear else None
    return OriginBranch(
        parameter, condition, at, coefficients, _lines(system, condition, parameter, at, coefficients)
    )


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
    _check(system)
    return jacobian(system).xreplace(_origin(system))


def closed_form_fixed_points(system):
    """Fixed points in closed form, where there is one.

    For phi = linear (any rank, constant input): the one solution of linear equations. For phi = erf, one
    population, zero means, rank one and zero input: 0 and

        kappa* = +- sqrt(((2/pi) ((gain sigma_mn)^2 - 1) - noise) / sigma_mm),

    which exist where gain sigma_mn Phi_1(0, noise) > 1 (THEORY 4).

    Parameters
    ----------
    system : System
        A mean field.

    Returns
    -------
    tuple of sympy.Matrix (R, 1)

    Raises
    ------
    InputError
        No closed form is known for this system.

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.populations.fit import Populations
    >>> from dynsys.symbolic.meanfield import mean_field
    >>> one = Populations([1.0], np.zeros((1, 2)), [[[1, 0.5], [0.5, 1]]], 1, 0, 0, "erf", means_kind="zero")
    >>> closed_form_fixed_points(mean_field(one))[1][0]
    sqrt((-noise + (2*gain**2*sigma_mn**2 - 2)/pi)/sigma_mm)
    """
    _check(system)
    J = jacobian(system)
    if not J.free_symbols & set(system.state) and not J.atoms(GaussianExpectation):
        constant = sympy.Matrix(system.equations).xreplace(dict.fromkeys(system.state, sympy.S.Zero))
        return (-J.LUsolve(constant),)
    found = _erf_fixed_points(system)
    if found is None:
        raise InputError(
            "system: a closed form is known for linear systems and for phi='erf' with one population, zero "
            "means and rank one; use find_fixed_points"
        )
    return found


def _erf_fixed_points(system):
    """F = -kappa + c kappa Phi_1(0, Delta) with Delta = s kappa^2 + noise: solve c^2 = 1 + pi Delta / 2."""
    if len(system.state) != 1:
        return None
    (kappa,) = system.state
    F = system.equations[0].xreplace(dict.fromkeys(system.inputs, sympy.S.Zero))
    expectations = list(F.atoms(GaussianExpectation))
    if len(expectations) != 1 or not isinstance(expectations[0], ErfExpectation):
        return None
    order, mu, Delta = expectations[0].args
    gain = sympy.Dummy("gain")
    drive = sympy.cancel((F.xreplace({expectations[0]: gain}) + kappa) / (kappa * gain))
    spread = Delta.diff(kappa, 2) / 2
    if order != 1 or mu != 0 or drive.has(kappa, gain) or spread.has(kappa):
        return None
    noise = Delta.xreplace({kappa: sympy.S.Zero})
    if sympy.expand(Delta - spread * kappa**2 - noise) != 0:
        return None
    size = sympy.sqrt(((2 * drive**2 - 2) / sympy.pi - noise) / spread)
    return tuple(sympy.Matrix([[point]]) for point in (sympy.S.Zero, size, -size))


def _lines(system, condition, parameter, at, coefficients):
    shown = [condition, *([] if at is None else [at]), *coefficients.values()]
    labels = {f.args[1:]: "0" for e in shown for f in e.atoms(GaussianExpectation)}
    names = {
        "a01": "a_{01}",
        "b11": "b_{11}",
        "b20/2": "b_{20}/2",
        "b30/6": "b_{30}/6",
    }
    lines = [("0", condition)] if at is None else [(system.latex_of(parameter), at)]
    lines += [(names[name], e) for name, e in coefficients.items() if e != 0]
    return tuple((left, expression_latex(system, e, labels)) for left, e in lines)


def _check(system):
    if not isinstance(system, System):
        raise InputError(f"system: expected a System, got {type(system).__name__}; see mean_field")


def _origin(system):
    return dict.fromkeys((*system.state, *system.inputs), sympy.S.Zero)


def _number(expression, numbers):
    return float(expression.xreplace({s: numbers[s.name] for s in expression.free_symbols}).evalf(17))
