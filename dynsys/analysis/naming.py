"""What happens at a special point, in words: a kind and a sentence from its normal form."""

import math

import numpy as np

from dynsys.analysis.eigenvalues import growth
from dynsys.analysis.equilibria import zero_below
from dynsys.analysis.normal_forms import bordered_solve, branch_form, fold_form, hopf_form, null_vectors
from dynsys.analysis.special_point import SpecialPoint

# A coefficient below this counts as zero, with state and parameter in units of the curve's scale: the kind of
# a point must not depend on the gauge of the connectivity vectors.
ZERO = 1e-6
# A coordinate below this share of its scale is rounding error; a singular value below this counts as zero.
SNAP, SINGULAR = 1e-14, 1e-7
# Two eigenvalues below this are both zero: rounding moves those of a Jordan block by its root.
DOUBLE = 1e-5
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
    SpecialPoint or None
        A fold, or a cusp where a vanishes; None where the Jacobian is not singular, or F has a kink.
    """
    a, a01, q, smallest = fold_form(at, curve.rate)
    if math.isnan(a) or not (smallest <= SINGULAR or _bends_to_zero(curve, at, smallest)):
        return None
    others = unstable_others(curve, at.modes, 1)
    name, place = curve.parameter, place_of(curve, at)
    if abs(a) * unit_along(curve, q) > ZERO * curve.rate:
        side = "above" if a01 * a < 0 else "below"
        what = f"a stable and an unstable one{'' if others == 0 else ' (in the critical direction)'}"
        sentence = f"Fold at {place}: two fixed points, {what}, meet; they exist for {name} {side} it."
        return _point(curve, "fold", at, {"a": a, "a01": a01}, sentence, residual)
    c = branch_form(at).b30 / 6
    sentence = f"Cusp at {place}: a double fold; three fixed points merge, and a second parameter parts them."
    if abs(c) * unit_along(curve, q) ** 2 <= ZERO * curve.rate:
        sentence = f"Degenerate cusp at {place}: F is flat; the leading coefficients do not tell what merges."
    return _point(curve, "cusp", at, {"a": a, "a01": a01, "c": c}, sentence, residual)


def _bends_to_zero(curve, at, smallest):
    """Whether the Jacobian is singular next to how it changes over one unit: rounding may be large."""
    n, size = at.x.size, max(curve.rate, float(np.abs(at.jacobian).max()))
    return smallest * size <= SINGULAR * np.abs(at.second[:, :n, :n] * curve.scale[:n]).max()


def describe_branch_point(curve, at, residual):
    """Name a point where two branches cross; arguments as in `describe_fold`.

    Returns
    -------
    SpecialPoint
        A transcritical point (b20 != 0), a pitchfork (b20 = 0, b30 != 0) or a degenerate branch point, whose
        branches have the same slope, or too many coefficients that vanish.
    """
    a01, a02, b11, b20, b30, q, h01 = branch_form(at)
    coefficients = {"a01": a01, "a02": a02, "b11": b11, "b20": b20, "b30": b30}
    name, place = curve.parameter, place_of(curve, at)
    others = unstable_others(curve, at.modes, 1)
    critical = "" if others == 0 else f" in the critical direction (unstable directions besides: {others})"
    unit = unit_along(curve, q)
    linear, square, cube = abs(b11) * curve.scale[q.size], abs(b20) * unit, abs(b30) * unit**2
    vanishing = ZERO * max(curve.rate, cube, linear)
    root = np.sqrt(max(b11**2 - b20 * a02, 0.0))  # no b11 is needed to part branches: x' = x^2 - p^2
    pitchfork = square <= vanishing
    if min((linear, cube) if pitchfork else (root * curve.scale[q.size],)) <= vanishing:
        sentence = f"Branch point at {place}: branches cross, and the leading coefficients do not tell how."
        return _point(curve, "branch point", at, coefficients, sentence, residual)
    if pitchfork:
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
        slopes = [((-b11 + s * root) / b20, 1.0) for s in (1, -1)]
        kind = "transcritical"
        what = f"two branches cross and exchange their stability{critical}."
        sentence = f"Transcritical point at {place}: {what}"
    directions = np.array([np.append(z * q + mu * h01, mu) for z, mu in slopes])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return _point(curve, kind, at, coefficients, sentence, residual, directions)


def describe_multiple(curve, at, multiplicity):
    """Name a point where several eigenvalues vanish at once.

    Returns
    -------
    SpecialPoint
    """
    what = f"{multiplicity} eigenvalues vanish at once, as symmetry can make them."
    sentence = f"Branch point at {place_of(curve, at)}: {what}"
    return critical_point(curve, "branch point", at, {"multiplicity": multiplicity}, sentence)


def describe_double_zero(curve, at, residual):
    """Name a point with a zero eigenvalue of multiplicity two and one eigenvector.

    Arguments as in `describe_fold`. The tangents of branches that cross there come from the same quadratic
    form as elsewhere, which needs no product of the two null vectors.

    Returns
    -------
    SpecialPoint or None
        A Bogdanov-Takens point, of a map a 1:1 resonance; None where the eigenvalue is simple, or has two
        eigenvectors.
    """
    one = 0.0 if curve.field.step is None else 1.0
    near = DOUBLE * curve.rate
    if curve.field.period > 1 or sum(abs(value - one) < near for value in at.modes.tolist()) != 2:
        return None
    sizes = np.linalg.svd(at.jacobian, compute_uv=False)
    if sizes[-2] <= np.sqrt(DOUBLE) * max(sizes[0], np.abs(at.modes).max()):
        return None
    q, psi = null_vectors(at.jacobian)
    what, directions = "Two fixed points meet there as in a fold.", None
    if abs(psi @ at.slope) * curve.scale[q.size] <= ZERO * max(curve.rate, sizes[0]):
        what, directions = "Branches cross there.", _crossing_tangents(at, q, psi)
    kind, both = "Bogdanov-Takens", "two eigenvalues vanish with one eigenvector (a double zero)"
    if curve.field.step is not None:
        kind, both = "1:1 resonance", "two multipliers are 1 with one eigenvector"
    sentence = f"{kind} point at {place_of(curve, at)}: {both}; a second parameter parts them. {what}"
    return _point(curve, kind, at, {"multiplicity": 2}, sentence, residual, directions)


def _crossing_tangents(at, q, psi):
    """Unit tangents (z q + mu h, mu) of two branches that cross: the roots of a quadratic form; or None."""
    h = bordered_solve(at.jacobian, psi, q, -at.slope)
    along = np.array([np.append(q, 0.0), np.append(h, 1.0)])
    (square, mixed), (_, other) = along @ np.einsum("i,ijk->jk", psi, at.second) @ along.T
    root = mixed**2 - square * other
    if root <= 0 or max(abs(square), abs(mixed)) <= ZERO:
        return None
    if abs(square) <= ZERO * abs(mixed):
        pairs = [(1.0, 0.0), (-other / (2 * mixed), 1.0)]
    else:
        pairs = [((-mixed + sign * np.sqrt(root)) / square, 1.0) for sign in (1, -1)]
    tangents = np.array(pairs) @ along
    return tangents / np.linalg.norm(tangents, axis=1, keepdims=True)


def describe_hopf(curve, at, residual):
    """Name a point with a pair of imaginary eigenvalues; arguments as in `describe_fold`.

    Returns
    -------
    SpecialPoint
        With omega, the first Lyapunov coefficient c1, and the speed dRe(lambda)/dp of the crossing.
    """
    omega, c1, speed, q = hopf_form(at)
    name, place = curve.parameter, place_of(curve, at)
    coefficients = {"omega": omega, "c1": c1, "speed": speed}
    if abs(c1.real) * unit_along(curve, q) ** 2 <= ZERO * curve.rate:
        kind, cycle = "Degenerate Hopf point", "the first coefficient does not tell what cycles are born"
    else:
        kind = "Supercritical Hopf point" if c1.real < 0 else "Subcritical Hopf point"
        side = "above" if speed * c1.real < 0 else "below"
        cycle = f"{'a stable' if c1.real < 0 else 'an unstable'} cycle exists for {name} {side} it"
    others = unstable_others(curve, at.modes, 2)
    cycle += "" if others == 0 else f" (unstable directions besides: {others})"
    sentence = f"{kind} at {place}: oscillations of angular frequency {omega:.6g}; {cycle}."
    return _point(curve, "Hopf", at, coefficients, sentence, residual)


def describe_neutral_saddle(curve, at):
    """Name a point with two opposite real eigenvalues; not a bifurcation.

    Returns
    -------
    SpecialPoint
    """
    what = "two real eigenvalues are opposite; nothing bifurcates."
    sentence = f"Neutral saddle at {place_of(curve, at)}: {what}"
    return critical_point(curve, "neutral saddle", at, {}, sentence)


def describe_event(curve, at, name):
    """Name a point where a user's function vanishes.

    Returns
    -------
    SpecialPoint
        Of the kind "event".
    """
    sentence = f"Event {name} at {place_of(curve, at)}."
    return critical_point(curve, "event", at, {}, sentence)


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
    return 1.0 / math.hypot(*(abs(v) / unit for v, unit in zip(q.tolist(), curve.scale.tolist())))


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
    rates = sorted(growth(curve.field, eigenvalues).tolist(), key=abs)
    zero = zero_below(eigenvalues) * curve.rate
    return sum(rate > zero for rate in rates[critical:])


def critical_point(curve, kind, at, coefficients, sentence):
    """A special point that was placed on a test; its residual is that of F.

    Parameters
    ----------
    curve, at
        As in `describe_fold`.
    kind, coefficients, sentence
        Of the `SpecialPoint`.

    Returns
    -------
    SpecialPoint
    """
    residual = float(np.abs(curve.rhs(at.x, at.p)).max())
    return _point(curve, kind, at, coefficients, sentence, residual)


def _point(curve, kind, at, coefficients, sentence, residual, directions=None):
    # What is below rounding is zero.
    x = [0.0 if abs(v) < SNAP * unit else v for v, unit in zip(at.x.tolist(), curve.scale.tolist())]
    p = _snapped(curve, at)
    if curve.field.step is not None and kind in _OF_F:
        coefficients = {name: curve.field.step * value for name, value in coefficients.items()}
        if curve.field.period > 1:
            coefficients = {}
            sentence = (
                f"{kind.capitalize()} of orbits of period {curve.field.period} at {place_of(curve, at)}."
            )
    return SpecialPoint(kind, curve.parameter, p, x, coefficients, sentence, at.modes, directions, residual)
