r"""Exact statements about a mean field: fixed points in closed form, where and how the origin branches.

Everything is obtained from the System by differentiation and by solving linear equations: nothing here can
run for long. By symmetry, (kappa, v) -> (-kappa, -v), the origin is a fixed point at v = 0 for every odd phi.
"""

from dataclasses import dataclass

import numpy as np
import sympy

from dynsys.symbolic.expectations import ErfExpectation, GaussianExpectation
from dynsys.symbolic.names import symbol
from dynsys.symbolic.origin import check_origin, check_system, origin_lines, value_of
from dynsys.symbolic.planar import branch_coefficients, derivatives_at
from dynsys.symbolic.system import jacobian
from tasks.errors import InputError


@dataclass(frozen=True, eq=False, repr=False)
class OriginBranch:
    """The branch point at the origin of a system of one or two variables, in its parameters.

    With z along the null vector q, |q| = 1 (z = kappa in one dimension), and dp the distance of the parameter
    from its critical value, the equation near the branch point is a01 dp + b11 z dp + (b20/2) z^2 +
    (b30/6) z^3 (conventions of DYNAMICS). a01 = b20 = 0 and b30 != 0: a pitchfork, supercritical where b11
    and b30 have opposite signs.

    Parameters
    ----------
    parameter : str
        Name of the parameter.
    condition : sympy expression
        dF/dkappa at the origin, or the determinant of the Jacobian; the branch point is where it vanishes.
    at : sympy expression or None
        The parameter's critical value, where the condition is linear in it.
    coefficients : dict
        "a01", "b11", "b20/2", "b30/6" -> sympy expression in the parameters (put in the critical value).
    lines : tuple of (str, str)
        The same as LaTeX, left and right of an equality sign; <f>_0 is the expectation at the origin.

    Examples
    --------
    >>> from dynsys.symbolic.system import System
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
            Values of the parameters; that of the branch's own parameter is not used when `at` is known. When
            the condition is a polynomial in it, the real root next to the given value is taken.

        Returns
        -------
        dict
            "at" (None where unknown) and the coefficients.
        """
        numbers = {name: sympy.Float(value, 17) for name, value in values.items()}
        at = (
            _nearest(self.condition, self.parameter, numbers)
            if self.at is None
            else value_of(self.at, numbers)
        )
        if at is not None:
            numbers[self.parameter] = sympy.Float(at, 17)
        return {"at": at, **{name: value_of(e, numbers) for name, e in self.coefficients.items()}}

    def __repr__(self):
        listed = ", ".join(f"{name} = {value}" for name, value in self.coefficients.items())
        where = f"{self.parameter} = {self.at}" if self.at is not None else f"{self.condition} = 0"
        return f"OriginBranch({self.kind} at {where}; {listed})"

    def _repr_latex_(self):
        body = r" \\ ".join(f"{left} &= {right}" for left, right in self.lines)
        return rf"$$\begin{{aligned}} {body} \end{{aligned}}$$"


def origin_branch(system, parameter="gain"):
    """Where and how the origin of a system of one or two variables branches along a parameter, at zero input.

    For a mean field of rank one the condition is gain (sigma_mn + a_m a_n) Phi_1(0, noise) = 1; for rank two
    and one population of zero mean it is that an eigenvalue of Sigma_nm times gain Phi_1(0, noise) is 1
    (THEORY 6).

    Parameters
    ----------
    system : System
        One or two state variables, with the origin as a fixed point at zero input.
    parameter : str, default "gain"
        One of its parameters.

    Returns
    -------
    OriginBranch

    Raises
    ------
    InputError
        More than two state variables, an unknown parameter, or an origin that is no fixed point.

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x, r, a = sympy.symbols("x r a")
    >>> origin_branch(System([r * x + a * x**2 - x**3], [x], parameters=[r, a]), "r").kind
    'transcritical'
    """
    equations, origin, p = check_origin(system, parameter)
    if len(system.state) > 2:
        listed = ", ".join(system.state_names)
        raise InputError(f"system: one or two state variables are needed, got {listed}; see origin_stability")
    line = len(system.state) == 1
    condition, coefficients = (_on_a_line if line else _in_the_plane)(equations, system.state, origin, p)
    condition = sympy.factor_terms(condition)
    per_unit = condition.diff(p)
    linear = per_unit != 0 and p not in per_unit.free_symbols
    at = sympy.factor_terms(-condition.xreplace({p: sympy.S.Zero}) / per_unit) if linear else None
    shown = {_LATEX[name]: e for name, e in coefficients.items() if e != 0}
    lines = origin_lines(system, parameter, condition, at, shown)
    return OriginBranch(parameter, condition, at, coefficients, lines)


def _on_a_line(equations, state, origin, p):
    (F,), (kappa,) = equations, state
    slope = F.diff(kappa)
    coefficients = {
        "a01": F.diff(p),
        "b11": slope.diff(p),
        "b20/2": slope.diff(kappa) / 2,
        "b30/6": slope.diff(kappa, 2) / 6,
    }
    settled = {name: sympy.factor_terms(e.xreplace(origin)) for name, e in coefficients.items()}
    return slope.xreplace(origin), settled


def _in_the_plane(equations, state, origin, p):
    A, B, C = derivatives_at(equations, state, origin)
    found = branch_coefficients(A, A.diff(p), B, C)
    coefficients = {
        "a01": sympy.S.Zero,
        "b11": found["b11"],
        "b20/2": found["b20"] / 2,
        "b30/6": found["b30"] / 6,
    }
    return A.det(), {name: sympy.factor_terms(e) for name, e in coefficients.items()}


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
    check_system(system)
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


_LATEX = {"a01": "a_{01}", "b11": "b_{11}", "b20/2": "b_{20}/2", "b30/6": "b_{30}/6"}


def _nearest(condition, parameter, numbers):
    """Real root of a polynomial condition next to the parameter's value, None where it is no polynomial."""
    p = symbol(parameter)
    others = {s: numbers[s.name] for s in condition.free_symbols if s != p}
    polynomial = condition.xreplace(others).as_poly(p)
    if polynomial is None or polynomial.degree() < 1:
        return None
    roots = np.roots([float(c.evalf(17)) for c in polynomial.all_coeffs()])
    real = roots[np.abs(roots.imag) < 1e-9 * np.maximum(np.abs(roots), 1e-300)].real
    return float(real[np.abs(real - float(numbers[parameter])).argmin()]) if real.size else None
