r"""When the origin is stable, as inequalities between the parameters (Hurwitz), for any rank."""

from dataclasses import dataclass

import sympy

from dynsys.symbolic.expectations import GaussianExpectation
from dynsys.symbolic.origin import check_system, origin_jacobian, value_of
from dynsys.symbolic.typeset import expression_latex
from tasks.errors import InputError

MOST = 4  # state variables; Hurwitz's determinants grow beyond use


@dataclass(frozen=True, eq=False, repr=False)
class OriginStability:
    """The origin's stability at zero input, in the parameters of a system.

    The characteristic polynomial of A is lambda^R + c_1 lambda^(R-1) + ... + c_R; all eigenvalues have
    negative real parts if and only if every condition is positive: c_1, ..., c_R and Hurwitz's determinants.
    The origin branches where c_R vanishes (an eigenvalue is 0) and begins to oscillate where the last
    determinant does with c_R > 0 (a pair is imaginary).

    Parameters
    ----------
    jacobian : sympy.Matrix (R, R)
        A in the parameters. For one population and zero means, -1 + gain Phi_1(0, noise) Sigma_nm.
    conditions : tuple of (str, sympy expression)
        What each is, and the expression that has to be positive.
    lines : tuple of (str, str)
        The same as LaTeX.

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x, v, d, k = sympy.symbols("x v d k")
    >>> origin_stability(System([v, -k * x - d * v], [x, v], parameters=[d, k])).conditions
    (('c_1', d), ('c_2', k))
    """

    jacobian: sympy.Matrix
    conditions: tuple
    lines: tuple = ()

    @property
    def stationary(self):
        """sympy expression : c_R, which vanishes where the origin branches."""
        return dict(self.conditions)[f"c_{self.jacobian.rows}"]

    @property
    def oscillatory(self):
        """sympy expression or None : what vanishes where the origin begins to oscillate; None for R = 1."""
        if self.jacobian.rows == 1:
            return None
        return dict(self.conditions)["c_1" if self.jacobian.rows == 2 else f"h_{self.jacobian.rows - 1}"]

    def holds(self, values):
        """Whether the origin is stable at values of the parameters.

        Parameters
        ----------
        values : mapping name -> float
            Values of the parameters.

        Returns
        -------
        bool
        """
        numbers = {name: sympy.Float(value, 17) for name, value in values.items()}
        return all(value_of(expression, numbers) > 0 for _, expression in self.conditions)

    def __repr__(self):
        listed = ", ".join(f"{name} = {expression}" for name, expression in self.conditions)
        return f"OriginStability(stable if all are positive: {listed})"

    def _repr_latex_(self):
        body = r" \\ ".join(f"{left} &= {right} > 0" for left, right in self.lines)
        return rf"$$\begin{{aligned}} {body} \end{{aligned}}$$"


def origin_stability(system):
    """The conditions for a stable origin at zero input, in the overlaps (THEORY 6).

    Parameters
    ----------
    system : System
        Up to four state variables, with the origin as a fixed point at zero input.

    Returns
    -------
    OriginStability

    Raises
    ------
    InputError
        More state variables, or an origin that is no fixed point.

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x, v, d, k = sympy.symbols("x v d k")
    >>> origin_stability(System([v, -k * x - d * v], [x, v], parameters=[d, k]))
    OriginStability(stable if all are positive: c_1 = d, c_2 = k)
    """
    check_system(system)
    rank = len(system.state)
    if rank > MOST:
        raise InputError(f"system: conditions are written out for up to {MOST} state variables, got {rank}")
    origin = dict.fromkeys((*system.state, *system.inputs), sympy.S.Zero)
    for F in system.equations:
        if F.xreplace(origin).doit() != 0:
            raise InputError(f"system: the origin is no fixed point, there F = {F.xreplace(origin)}")
    A = origin_jacobian(system)
    # Entries as symbols of their own while the polynomial is formed, so that nothing long is multiplied out.
    short = sympy.Matrix(rank, rank, lambda i, j: sympy.Symbol(f"a{i}_{j}", real=True) if A[i, j] != 0 else 0)
    entries = {short[k]: A[k] for k in range(rank**2) if A[k] != 0}
    c = short.charpoly().all_coeffs()
    names = [(f"c_{k}", c[k]) for k in range(1, rank + 1)]
    names += [(f"h_{k}", _hurwitz(c, k)) for k in range(2, rank)]
    conditions = tuple((name, sympy.factor_terms(e.xreplace(entries))) for name, e in names)
    labels = {f.args[1:]: "0" for _, e in conditions for f in e.atoms(GaussianExpectation)}
    lines = tuple((name, expression_latex(system, e, labels)) for name, e in conditions)
    return OriginStability(A, conditions, lines)


def _hurwitz(c, size):
    """Leading minor of Hurwitz's matrix, whose entry (i, j) is c_(2j - i + 1) counted from 0."""
    return sympy.Matrix(size, size, lambda i, j: c[2 * j - i + 1] if 0 <= 2 * j - i + 1 < len(c) else 0).det()
