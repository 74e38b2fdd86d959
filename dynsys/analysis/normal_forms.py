"""What happens at a special point: normal-form coefficients from exact derivatives, a kind and a sentence.

With A = F_x, A q = 0, A^T psi = 0, |q| = 1, psi . q = 1 and B, C the second and third derivatives of F:

    fold          dz/dt = a01 dp + a z^2,                                a = (1/2) psi . B(q, q)
    cusp          c = (1/6) psi . (C(q, q, q) + 3 B(q, h)),              A h = -B(q, q) + (psi . B(q, q)) q
    branch point  a01 dp + b11 z dp + (a02/2) dp^2 + (b20/2) z^2 + (b30/6) z^3 = 0,  along x = z q + ...
    Hopf point    dz/dt = (i omega + ...) z + c1 z |z|^2                 (Kuznetsov's l1 = Re c1 / omega)
"""

import numpy as np

from dynsys.analysis.equilibria import zero_below
from dynsys.analysis.extended_systems import null_vectors
from dynsys.analysis.special_point import SpecialPoint

__all__ = [
    "SpecialPoint", "describe_branch_point", "describe_fold", "describe_hopf", "describe_multiple",
    "describe_neutral_saddle",
]  # fmt: skip

# A coefficient below this counts as zero, with state and parameter in units of the curve's scale: the kind of
# a point must not depend on the gauge of the connectivity vectors.
ZERO = 1e-6
# A coordinate below this share of its scale is rounding error.
SNAP = 1e-14


def describe_fold(curve, x, p, residual):
    """Name a point where the Jacobian has a simple zero eigenvalue and F_p is not in its range.

    Parameters
    ----------
    curve : Curve
        The equations.
    x : ndarray (n,)
        State at the point.
    p : float
        Parameter there.
    residual : float
        Of the equations that define it.

    Returns
    -------
    SpecialPoint
        A fold, or a cusp where a vanishes.
    """
    q, psi = _null(curve, x, p)
    second = curve.along(x, p, q)[0]
    a, a01 = 0.5 * psi @ second, psi @ curve.slope(x, p)
    others = _unstable_others(curve, x, p, 1)
    name, at = curve.parameter, f"{curve.parameter} = {p:.10g}"
    if abs(a) * _unit(curve, q) > ZERO:
        side = "above" if a01 * a < 0 else "below"
        what = f"a stable and an unstable one{'' if others == 0 else ' (in the critical direction)'}"
        sentence = f"Fold at {at}: two fixed points, {what}, meet; they exist for {name} {side} it."
        return _point(curve, "fold", x, p, {"a": a, "a01": a01}, sentence, residual)
    h = _pseudo(curve, x, p, q, psi, second)
    c = psi @ (curve.along(x, p, q)[1] + 3 * _bilinear(curve, x, p, q, h)) / 6
    sentence = f"Cusp at {at}: a double fold; three fixed points merge, and a second parameter parts them."
    return _point(curve, "cusp", x, p, {"a": a, "a01": a01, "c": c}, sentence, residual)


def describe_branch_point(curve, x, p, residual):
    """Name a point where two branches cross; arguments as in `describe_fold`.

    Returns
    -------
    SpecialPoint
        A transcritical point (b20 != 0), a pitchfork (b20 = 0, b30 != 0) or a degenerate branch point.
    """
    q, psi = _null(curve, x, p)
    slope, mixed = curve.slope(x, p), curve.jacobian_slope(x, p)
    second, third = curve.along(x, p, q)
    h01, h20 = _pseudo(curve, x, p, q, psi, slope), _pseudo(curve, x, p, q, psi, second)
    b11 = psi @ (mixed @ q + _bilinear(curve, x, p, q, h01))
    a02 = psi @ (curve.slope_slope(x, p) + 2 * mixed @ h01 + curve.along(x, p, h01)[0])
    b20, b30 = psi @ second, psi @ (third + 3 * _bilinear(curve, x, p, q, h20))
    coefficients = {"a01": psi @ slope, "a02": a02, "b11": b11, "b20": b20, "b30": b30}
    at, name = f"{curve.parameter} = {p:.10g}", curve.parameter
    others = _unstable_others(curve, x, p, 1)
    critical = "" if others == 0 else f" in the critical direction (unstable directions besides: {others})"
    unit = _unit(curve, q)
    linear, square, cube = abs(b11) * curve.scale[-1], abs(b20) * unit, abs(b30) * unit**2
    vanishing = ZERO * max(1.0, cube, linear)
    if linear <= vanishing or max(square, cube) <= vanishing:
        sentence = f"Branch point at {at}: branches cross, and the leading coefficients do not tell how."
        return _point(curve, "branch point", x, p, coefficients, sentence, residual)
    if square <= vanishing:
        slopes = [(1.0, 0.0), (-a02 / (2 * b11), 1.0)]
        kind = "pitchfork"
        side, new = ("above" if b11 * b30 < 0 else "below"), ("stable" if b30 < 0 else "unstable")
        type_ = "Supercritical" if b30 < 0 else "Subcritical"
        loses = "above" if b11 > 0 else "below"
        sentence = (
            f"{type_} pitchfork at {at}: the fixed point that goes through is unstable{critical} for {name} "
            f"{loses} it, and two {new} ones exist for {name} {side} it."
        )
    else:
        root = np.sqrt(max(b11**2 - b20 * a02, 0.0))
        slopes = [((-b11 + s * root) / b20, 1.0) for s in (1, -1)]
        kind = "transcritical"
        sentence = f"Transcritical point at {at}: two branches cross and exchange their stability{critical}."
    directions = np.array([np.append(z * q + mu * h01, mu) for z, mu in slopes])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return _point(curve, kind, x, p, coefficients, sentence, residual, directions)


def describe_multiple(curve, x, p, multiplicity):
    """Name a point where several eigenvalues vanish at once.

    Returns
    -------
    SpecialPoint
    """
    at = f"{curve.parameter} = {p:.10g}"
    sentence = f"Branch point at {at}: {multiplicity} eigenvalues vanish at once, as symmetry can make them."
    residual = float(np.abs(curve.rhs(x, p)).max())
    return _point(curve, "branch point", x, p, {"multiplicity": multiplicity}, sentence, residual)


def describe_hopf(curve, x, p, residual):
    """Name a point with a pair of imaginary eigenvalues; arguments as in `describe_fold`.

    Returns
    -------
    SpecialPoint
        With omega, the first Lyapunov coefficient c1, and the speed dRe(lambda)/dp of the crossing.
    """
    jacobian = curve.jacobian(x, p)
    eigenvalues, vectors = np.linalg.eig(jacobian)
    pairs = np.flatnonzero(eigenvalues.imag > 0)
    k = pairs[np.abs(eigenvalues[pairs].real).argmin()]
    omega, q = eigenvalues[k].imag, vectors[:, k] / np.linalg.norm(vectors[:, k])
    adjoint, left = np.linalg.eig(jacobian.T)
    psi = left[:, np.abs(adjoint + 1j * omega).argmin()]
    psi = psi / np.conj(np.vdot(psi, q))
    hessian = curve.hessian(x, p)
    a, b = q.real, q.imag
    cubic = curve.cubic(x, p, b, a) + curve.along(x, p, a)[1]
    cubic = cubic + 1j * (curve.cubic(x, p, a, b) + curve.along(x, p, b)[1])
    shift = np.linalg.solve(jacobian, _product(hessian, q, q.conj()))
    double = np.linalg.solve(2j * omega * np.eye(x.size) - jacobian, _product(hessian, q, q))
    c1 = 0.5 * np.vdot(psi, cubic - 2 * _product(hessian, q, shift) + _product(hessian, q.conj(), double))
    drift = -np.linalg.solve(jacobian, curve.slope(x, p))
    speed = np.vdot(psi, curve.jacobian_slope(x, p) @ q + _product(hessian, q, drift)).real
    at, name = f"{curve.parameter} = {p:.10g}", curve.parameter
    coefficients = {"omega": float(omega), "c1": complex(c1), "speed": float(speed)}
    if abs(c1.real) * _unit(curve, q) ** 2 <= ZERO:
        kind, cycle = "Degenerate Hopf point", "the first coefficient does not tell what cycles are born"
    else:
        kind = "Supercritical Hopf point" if c1.real < 0 else "Subcritical Hopf point"
        side = "above" if speed * c1.real < 0 else "below"
        cycle = f"{'a stable' if c1.real < 0 else 'an unstable'} cycle exists for {name} {side} it"
    others = _unstable_others(curve, x, p, 2)
    cycle += "" if others == 0 else f" (unstable directions besides: {others})"
    sentence = f"{kind} at {at}: oscillations of angular frequency {omega:.6g}; {cycle}."
    return _point(curve, "Hopf", x, p, coefficients, sentence, residual)


def describe_neutral_saddle(curve, x, p):
    """Name a point with two opposite real eigenvalues; not a bifurcation.

    Returns
    -------
    SpecialPoint
    """
    at = f"{curve.parameter} = {p:.10g}"
    sentence = f"Neutral saddle at {at}: two real eigenvalues are opposite; nothing bifurcates."
    return _point(curve, "neutral saddle", x, p, {}, sentence, float(np.abs(curve.rhs(x, p)).max()))


def _unit(curve, q):
    """Length of the step along q that is one unit of the curve's scale."""
    return 1.0 / np.linalg.norm(q / curve.scale[:-1])


def _null(curve, x, p):
    q, psi = null_vectors(curve.jacobian(x, p))
    return q, psi / (psi @ q)


def _pseudo(curve, x, p, q, psi, vector):
    """h with A h = -vector + (psi . vector) q and psi . h = 0, from the bordered system."""
    n = q.size
    matrix = np.zeros((n + 1, n + 1))
    matrix[:n, :n], matrix[:n, n], matrix[n, :n] = curve.jacobian(x, p), q, psi
    return np.linalg.solve(matrix, np.append(-vector, 0.0))[:n]


def _bilinear(curve, x, p, q, r):
    return 0.25 * (curve.along(x, p, q + r)[0] - curve.along(x, p, q - r)[0])


def _product(hessian, q, r):
    return np.einsum("kij,i,j->k", hessian, q, r)


def _unstable_others(curve, x, p, critical):
    """Number of unstable directions besides the critical eigenvalues."""
    eigenvalues = np.linalg.eigvals(curve.jacobian(x, p))
    rest = eigenvalues[np.argsort(np.abs(eigenvalues.real))[critical:]]
    return int((rest.real > zero_below(eigenvalues)).sum())


def _point(curve, kind, x, p, coefficients, sentence, residual, directions=None):
    eigenvalues = np.linalg.eigvals(curve.jacobian(x, p)).astype(complex)
    eigenvalues = eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
    # What is below rounding is zero.
    x = np.where(np.abs(x) < SNAP * curve.scale[:-1], 0.0, x)
    p = 0.0 if abs(p) < SNAP * curve.scale[-1] else p
    plain = {k: v if isinstance(v, (complex, int)) else float(v) for k, v in coefficients.items()}
    return SpecialPoint(kind, curve.parameter, p, x, plain, sentence, eigenvalues, directions, residual)
