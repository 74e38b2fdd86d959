"""What happens at a special point: normal-form coefficients from exact derivatives, a kind and a sentence.

With A = F_x, A q = 0, A^T psi = 0, |q| = 1, psi . q = 1 and B, C the second and third derivatives of F:

    fold          dz/dt = a01 dp + a z^2,                                a = (1/2) psi . B(q, q)
    cusp          c = (1/6) psi . (C(q, q, q) + 3 B(q, h)),              A h = -B(q, q) + (psi . B(q, q)) q
    branch point  a01 dp + b11 z dp + (a02/2) dp^2 + (b20/2) z^2 + (b30/6) z^3 = 0,  along x = z q + ...
    Hopf point    dz/dt = (i omega + ...) z + c1 z |z|^2                 (Kuznetsov's l1 = Re c1 / omega)
"""

import numpy as np

from dynsys.analysis.eigenvalues import growth, spectrum
from dynsys.analysis.equilibria import zero_below
from dynsys.analysis.extended_systems import null_vectors
from dynsys.analysis.special_point import SpecialPoint

__all__ = [
    "SpecialPoint", "describe_branch_point", "describe_event", "describe_fold", "describe_hopf",
    "describe_multiple", "describe_neutral_saddle", "first_coefficient", "imaginary_pair",
]  # fmt: skip

# A coefficient below this counts as zero, with state and parameter in units of the curve's scale: the kind of
# a point must not depend on the gauge of the connectivity vectors.
ZERO = 1e-6
# A coordinate below this share of its scale is rounding error.
SNAP = 1e-14
# What happens where F_x is singular; a map x + step F has the coefficients of step F.
_OF_F = ("fold", "cusp", "pitchfork", "transcritical")


def describe_fold(curve, at, residual):
    """Name a point where the Jacobian has a simple zero eigenvalue and F_p is not in its range.

    Parameters
    ----------
    curve : Curve
        The equations.
    at : Expansion
        Derivatives of F at the point.
    residual : float
        Of the equations that define it.

    Returns
    -------
    SpecialPoint
        A fold, or a cusp where a vanishes.
    """
    q, psi = _null(at.jacobian)
    n = q.size
    hessian = at.second[:, :n, :n]
    second = hessian @ q @ q
    a, a01 = 0.5 * psi @ second, psi @ at.slope
    eigenvalues = _eigenvalues(curve, at)
    others = unstable_others(curve, eigenvalues, 1)
    name, place = curve.parameter, place_of(curve, at)
    if abs(a) * unit_along(curve, q) > ZERO:
        side = "above" if a01 * a < 0 else "below"
        what = f"a stable and an unstable one{'' if others == 0 else ' (in the critical direction)'}"
        sentence = f"Fold at {place}: two fixed points, {what}, meet; they exist for {name} {side} it."
        return _point(curve, "fold", at, {"a": a, "a01": a01}, sentence, eigenvalues, residual)
    h = _pseudo(at.jacobian, q, psi, second)
    c = psi @ (at.third @ q @ q @ q + 3 * hessian @ h @ q) / 6
    sentence = f"Cusp at {place}: a double fold; three fixed points merge, and a second parameter parts them."
    return _point(curve, "cusp", at, {"a": a, "a01": a01, "c": c}, sentence, eigenvalues, residual)


def describe_branch_point(curve, at, residual):
    """Name a point where two branches cross; arguments as in `describe_fold`.

    Returns
    -------
    SpecialPoint
        A transcritical point (b20 != 0), a pitchfork (b20 = 0, b30 != 0) or a degenerate branch point.
    """
    q, psi = _null(at.jacobian)
    n, slope = q.size, at.slope
    hessian, mixed = at.second[:, :n, :n], at.second[:, :n, n]
    second, third = hessian @ q @ q, at.third @ q @ q @ q
    h01, h20 = _pseudo(at.jacobian, q, psi, slope), _pseudo(at.jacobian, q, psi, second)
    b11 = psi @ (mixed @ q + hessian @ h01 @ q)
    a02 = psi @ (at.second[:, n, n] + 2 * mixed @ h01 + hessian @ h01 @ h01)
    b20, b30 = psi @ second, psi @ (third + 3 * hessian @ h20 @ q)
    coefficients = {"a01": psi @ slope, "a02": a02, "b11": b11, "b20": b20, "b30": b30}
    name, place = curve.parameter, place_of(curve, at)
    eigenvalues = _eigenvalues(curve, at)
    others = unstable_others(curve, eigenvalues, 1)
    critical = "" if others == 0 else f" in the critical direction (unstable directions besides: {others})"
    unit = unit_along(curve, q)
    linear, square, cube = abs(b11) * curve.scale[n], abs(b20) * unit, abs(b30) * unit**2
    vanishing = ZERO * max(1.0, cube, linear)
    if linear <= vanishing or max(square, cube) <= vanishing:
        sentence = f"Branch point at {place}: branches cross, and the leading coefficients do not tell how."
        return _point(curve, "branch point", at, coefficients, sentence, eigenvalues, residual)
    if square <= vanishing:
        slopes = [(1.0, 0.0), (-a02 / (2 * b11), 1.0)]
        kind = "pitchfork"
        side, new = ("above" if b11 * b30 < 0 else "below"), ("stable" if b30 < 0 else "unstable")
        type_ = "Supercritical" if b30 < 0 else "Subcritical"
        loses = "above" if b11 > 0 else "below"
        sentence = (
            f"{type_} pitchfork at {place}: the fixed point that goes through is unstable{critical} for "
            f"{name} {loses} it, and two {new} ones exist for {name} {side} it."
        )
    else:
        root = np.sqrt(max(b11**2 - b20 * a02, 0.0))
        slopes = [((-b11 + s * root) / b20, 1.0) for s in (1, -1)]
        kind = "transcritical"
        what = f"two branches cross and exchange their stability{critical}."
        sentence = f"Transcritical point at {place}: {what}"
    directions = np.array([np.append(z * q + mu * h01, mu) for z, mu in slopes])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return _point(curve, kind, at, coefficients, sentence, eigenvalues, residual, directions)


def describe_multiple(curve, at, multiplicity):
    """Name a point where several eigenvalues vanish at once.

    Returns
    -------
    SpecialPoint
    """
    what = f"{multiplicity} eigenvalues vanish at once, as symmetry can make them."
    sentence = f"Branch point at {place_of(curve, at)}: {what}"
    residual = float(np.abs(curve.rhs(at.x, at.p)).max())
    eigenvalues = _eigenvalues(curve, at)
    coefficients = {"multiplicity": multiplicity}
    return _point(curve, "branch point", at, coefficients, sentence, eigenvalues, residual)


def describe_hopf(curve, at, residual):
    """Name a point with a pair of imaginary eigenvalues; arguments as in `describe_fold`.

    Returns
    -------
    SpecialPoint
        With omega, the first Lyapunov coefficient c1, and the speed dRe(lambda)/dp of the crossing.
    """
    omega, q, psi, eigenvalues = imaginary_pair(at.jacobian)
    n = q.size
    hessian, mixed = at.second[:, :n, :n], at.second[:, :n, n]
    c1 = first_coefficient(at.jacobian, hessian, at.third, omega, q, psi)
    drift = -np.linalg.solve(at.jacobian, at.slope)
    speed = np.vdot(psi, mixed @ q + hessian @ drift @ q).real
    name, place = curve.parameter, place_of(curve, at)
    coefficients = {"omega": float(omega), "c1": complex(c1), "speed": float(speed)}
    if abs(c1.real) * unit_along(curve, q) ** 2 <= ZERO:
        kind, cycle = "Degenerate Hopf point", "the first coefficient does not tell what cycles are born"
    else:
        kind = "Supercritical Hopf point" if c1.real < 0 else "Subcritical Hopf point"
        side = "above" if speed * c1.real < 0 else "below"
        cycle = f"{'a stable' if c1.real < 0 else 'an unstable'} cycle exists for {name} {side} it"
    others = unstable_others(curve, eigenvalues, 2)
    cycle += "" if others == 0 else f" (unstable directions besides: {others})"
    sentence = f"{kind} at {place}: oscillations of angular frequency {omega:.6g}; {cycle}."
    return _point(curve, "Hopf", at, coefficients, sentence, eigenvalues, residual)


def describe_neutral_saddle(curve, at):
    """Name a point with two opposite real eigenvalues; not a bifurcation.

    Returns
    -------
    SpecialPoint
    """
    what = "two real eigenvalues are opposite; nothing bifurcates."
    sentence = f"Neutral saddle at {place_of(curve, at)}: {what}"
    return critical_point(curve, "neutral saddle", at, {}, sentence, _eigenvalues(curve, at))


def describe_event(curve, at, name):
    """Name a point where a user's function vanishes.

    Returns
    -------
    SpecialPoint
        Of the kind "event".
    """
    sentence = f"Event {name} at {place_of(curve, at)}."
    return critical_point(curve, "event", at, {}, sentence, _eigenvalues(curve, at))


def imaginary_pair(jacobian):
    """The pair of eigenvalues next to the imaginary axis, and its vectors.

    Parameters
    ----------
    jacobian : ndarray (n, n)
        A.

    Returns
    -------
    omega : float
        The frequency.
    q, psi : ndarray of complex (n,)
        A q = i omega q, A^T psi = -i omega psi, |q| = 1, conj(psi) . q = 1.
    eigenvalues : ndarray (n,)
        All of them, by decreasing real part.

    Examples
    --------
    >>> round(imaginary_pair(np.array([[0.0, -2.0], [2.0, 0.0]]))[0], 12)
    2.0
    """
    values, vectors = np.linalg.eig(jacobian)
    pairs = np.flatnonzero(values.imag > 0)
    k = pairs[np.abs(values[pairs].real).argmin()]
    psi = np.linalg.inv(vectors)[k].conj()
    order = np.lexsort((-values.imag, -values.real))
    return float(values[k].imag), vectors[:, k], psi, values[order].astype(complex)


def first_coefficient(jacobian, hessian, third, omega, q, psi):
    """c1 of a Hopf point.

    Parameters
    ----------
    jacobian, hessian, third : ndarray (n, n), (n, n, n), (n, n, n, n)
        First to third derivatives of F in the state.
    omega, q, psi
        Of `imaginary_pair`.

    Returns
    -------
    complex

    Examples
    --------
    >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])  # x' = -y - x^3, y' = x
    >>> third = np.zeros((2, 2, 2, 2))
    >>> third[0, 0, 0, 0] = -6.0
    >>> c1 = first_coefficient(turn, np.zeros((2, 2, 2)), third, *imaginary_pair(turn)[:3])
    >>> round(c1.real, 12)
    -0.75
    """
    bar = q.conj()
    shift = np.linalg.solve(jacobian, hessian @ bar @ q)
    double = np.linalg.solve(2j * omega * np.eye(q.size) - jacobian, hessian @ q @ q)
    cubic = third @ bar @ q @ q - 2 * hessian @ shift @ q + hessian @ double @ bar
    return complex(0.5 * np.vdot(psi, cubic))


def unit_along(curve, q):
    """Length of the step along q that is one unit of the curve's scale.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> float(unit_along(make_curve(field, "v", (-1, 1)), np.ones(1)))
    1.0
    """
    return 1.0 / np.linalg.norm(q / curve.scale[: q.size])


def _null(jacobian):
    q, psi = null_vectors(jacobian)
    return q, psi / (psi @ q)


def _pseudo(jacobian, q, psi, vector):
    """h with A h = -vector + (psi . vector) q and psi . h = 0, from the bordered system."""
    n = q.size
    matrix = np.zeros((n + 1, n + 1))
    matrix[:n, :n], matrix[:n, n], matrix[n, :n] = jacobian, q, psi
    return np.linalg.solve(matrix, np.append(-vector, 0.0))[:n]


def _eigenvalues(curve, at):
    return spectrum(curve.field, at.jacobian[None])[0]


def place_of(curve, at):
    """Where a point is, for sentences.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> curve = make_curve(field, "gain", (0, 2))
    >>> place_of(curve, curve.expand(np.array([[0.0, 1.0]]))[0])
    'gain = 1'
    """
    return f"{curve.parameter} = {_snapped(curve, at):.10g}"


def _snapped(curve, at):
    return 0.0 if abs(at.p) < SNAP * curve.scale[at.x.size] else at.p


def unstable_others(curve, eigenvalues, critical):
    """Number of unstable directions besides the critical eigenvalues.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> unstable_others(make_curve(field, "v", (-1, 1)), np.array([0.0, 2.0, -1.0]), 1)
    1
    """
    rates = growth(curve.field, eigenvalues)
    rest = rates[np.argsort(np.abs(rates))[critical:]]
    return int((rest > zero_below(eigenvalues)).sum())


def critical_point(curve, kind, at, coefficients, sentence, eigenvalues):
    """A special point that was placed on a test; its residual is that of F.

    Parameters
    ----------
    curve, at
        As in `describe_fold`.
    kind, coefficients, sentence, eigenvalues
        Of the `SpecialPoint`.

    Returns
    -------
    SpecialPoint
    """
    residual = float(np.abs(curve.rhs(at.x, at.p)).max())
    return _point(curve, kind, at, coefficients, sentence, eigenvalues, residual)


def _point(curve, kind, at, coefficients, sentence, eigenvalues, residual, directions=None):
    # What is below rounding is zero.
    n = at.x.size
    x = np.where(np.abs(at.x) < SNAP * curve.scale[:n], 0.0, at.x)
    p = _snapped(curve, at)
    if curve.field.step is not None and kind in _OF_F:
        coefficients = {name: curve.field.step * value for name, value in coefficients.items()}
        if curve.field.period > 1:
            coefficients = {}
            sentence = (
                f"{kind.capitalize()} of orbits of period {curve.field.period} at {place_of(curve, at)}."
            )
    plain = {k: v if isinstance(v, (complex, int)) else float(v) for k, v in coefficients.items()}
    return SpecialPoint(kind, curve.parameter, p, x, plain, sentence, eigenvalues, directions, residual)
