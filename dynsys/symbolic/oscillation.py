r"""Where and how a planar system begins to oscillate at the origin, as expressions in its parameters."""

from dataclasses import dataclass

import sympy

from dynsys.symbolic.origin import check_origin, origin_lines, value_of
from dynsys.symbolic.planar import derivatives_at, lyapunov_coefficient
from tasks.errors import InputError


@dataclass(frozen=True, eq=False, repr=False)
class OriginHopf:
    """The Hopf point at the origin of a system of two variables, in its parameters.

    Parameters
    ----------
    parameter : str
        Name of the parameter.
    condition : sympy expression
        The trace of the Jacobian at the origin; the Hopf point is where it vanishes, if omega^2 > 0 there.
    at : sympy expression or None
        The parameter's critical value, where the condition is linear in it.
    omega2 : sympy expression
        The squared frequency, the determinant of the Jacobian (critical value put in).
    speed : sympy expression
        d Re(lambda) / dp, how fast the eigenvalues cross.
    c1 : sympy expression
        First Lyapunov coefficient, Re c1 of dz/dt = (i omega + ...) z + c1 z |z|^2 with |q| = 1: negative
        for a supercritical point, from which stable cycles of radius |z| = sqrt(-speed dp / Re c1) grow.
    lines : tuple of (str, str)
        The same as LaTeX; <f>_0 is the expectation at the origin.

    Examples
    --------
    >>> x, y, r = sympy.symbols("x y r")
    >>> from dynsys.symbolic.system import System
    >>> f = [r * x - y - x * (x**2 + y**2), x + r * y - y * (x**2 + y**2)]
    >>> origin_hopf(System(f, [x, y], parameters=[r]), "r")
    OriginHopf(r = 0; omega^2 = 1, speed = 1, Re c1 = -2)
    """

    parameter: str
    condition: sympy.Expr
    at: sympy.Expr
    omega2: sympy.Expr
    speed: sympy.Expr
    c1: sympy.Expr
    lines: tuple = ()

    def numbers(self, values):
        """Critical value, frequency, speed and first Lyapunov coefficient as numbers.

        Parameters
        ----------
        values : mapping name -> float
            Values of the parameters; that of the point's own parameter is not used when `at` is known.

        Returns
        -------
        dict
            "at" (None where unknown), "omega" (NaN where the eigenvalues are real), "speed", "c1".
        """
        numbers = {name: sympy.Float(value, 17) for name, value in values.items()}
        at = None if self.at is None else value_of(self.at, numbers)
        if at is not None:
            numbers[self.parameter] = sympy.Float(at, 17)
        omega2 = value_of(self.omega2, numbers)
        if not omega2 > 0:
            return {
                "at": at,
                "omega": float("nan"),
                "speed": value_of(self.speed, numbers),
                "c1": float("nan"),
            }
        found = {name: value_of(getattr(self, name), numbers) for name in ("speed", "c1")}
        return {"at": at, "omega": omega2**0.5, **found}

    def __repr__(self):
        where = f"{self.condition} = 0" if self.at is None else f"{self.parameter} = {self.at}"
        return f"OriginHopf({where}; omega^2 = {self.omega2}, speed = {self.speed}, Re c1 = {self.c1})"

    def _repr_latex_(self):
        body = r" \\ ".join(f"{left} &= {right}" for left, right in self.lines)
        return rf"$$\begin{{aligned}} {body} \end{{aligned}}$$"


def origin_hopf(system, parameter="gain"):
    """Where and how the origin of a system of two variables begins to oscillate, at zero input.

    For the mean field of one population, rank two and zero means the condition is
    gain Phi_1(0, noise) (sigma_m1n1 + sigma_m2n2) = 2 (THEORY 6).

    Parameters
    ----------
    system : System
        Two state variables, with the origin as a fixed point at zero input.
    parameter : str, default "gain"
        One of its parameters.

    Returns
    -------
    OriginHopf

    Raises
    ------
    InputError
        Another number of state variables, an unknown parameter, or an origin that is no fixed point.

    Examples
    --------
    >>> x, y, a = sympy.symbols("x y a")
    >>> from dynsys.symbolic.system import System
    >>> oscillator = System([y, a * y - x - x**2 * y], [x, y], parameters=[a])  # van der Pol's
    >>> origin_hopf(oscillator, "a").numbers({"a": 0.5})
    {'at': 0.0, 'omega': 1.0, 'speed': 0.5, 'c1': -0.25}
    """
    equations, origin, p = check_origin(system, parameter)
    if len(system.state) != 2:
        listed = ", ".join(system.state_names)
        raise InputError(f"system: two state variables are needed, got {listed}; see origin_stability")
    if system.bulk_radius is not None:
        raise InputError(
            "system: with a random bulk the equations hold at stationary states only and have no cycles; "
            "origin_stability tells where a pair of eigenvalues crosses"
        )
    A, B, C = derivatives_at(equations, system.state, origin)
    condition, speed = A.trace(), A.trace().diff(p) / 2
    at = None
    if speed != 0 and p not in speed.free_symbols:
        at = sympy.factor_terms(-condition.xreplace({p: sympy.S.Zero}) / (2 * speed))
        # tr A = 0 there; put that in too, so that the entries do not hide it.
        A, B, C = A.xreplace({p: at}), _at(B, p, at), _at(C, p, at)
    A = sympy.Matrix([[A[0, 0], A[0, 1]], [A[1, 0], -A[0, 0]]])
    omega2 = sympy.factor_terms(-(A[0, 0] ** 2) - A[0, 1] * A[1, 0])
    c1 = sympy.factor_terms(lyapunov_coefficient(A, sympy.sqrt(omega2), B, C))
    shown = {
        r"\omega^2": omega2,
        r"\frac{d}{dp} \operatorname{Re} \lambda": speed,
        r"\operatorname{Re} c_1": c1,
    }
    lines = origin_lines(system, parameter, condition, at, shown)
    return OriginHopf(parameter, condition, at, omega2, speed, c1, lines)


def _at(entries, p, value):
    return {key: entry.xreplace({p: value}) for key, entry in entries.items()}
