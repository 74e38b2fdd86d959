"""Whether a curve of bifurcations passes a point already, itself or as a mirror image.

In a system with symmetries T F(kappa) = F(T kappa) at all values of both parameters, what happens to kappa
happens to T kappa at the same values: two curves, one on top of the other. One of them is kept, with T.
"""

from dataclasses import replace

import numpy as np

# How close a curve passes a point that lies on it: in units of the spans, and of the size of the cycle.
ON_CURVE, ON_CYCLES, ALIKE = 1e-3, 5e-3, 5e-2


def passes(curve, kind, place, state, spans):
    """Whether a curve, or a mirror image of it, goes through a point in parameters and state.

    Parameters
    ----------
    curve : BifurcationCurve
        In the order of the spans.
    kind : str
        That of the curve on which the point would lie.
    place : ndarray (2,)
        Values of the parameters.
    state : ndarray (R,) or tuple of two ndarray (R,)
        The fixed point, or the lowest and the highest state of a cycle.
    spans : ndarray (2, 2)
        Ends of the parameters.

    Returns
    -------
    bool

    Examples
    --------
    >>> from dynsys.analysis.two_parameter_curve import BifurcationCurve
    >>> line = np.column_stack([np.linspace(0, 1, 3), np.zeros(3)])
    >>> ends = np.array([[0, 1], [0, 1]])
    >>> fold = BifurcationCurve("fold", ("a", "b"), line, line + 1, -line, np.ones(3, bool), (), ())
    >>> [passes(fold, "fold", np.array([0.3, 0]), np.array(kappa), ends) for kappa in ([1.3, 1], [-1.3, 1])]
    [True, False]
    >>> fold = with_images(fold, [np.diag([-1.0, 1.0])], ends)
    >>> passes(fold, "fold", np.array([0.3, 0]), np.array([-1.3, 1]), ends)
    True
    """
    if curve.kind != kind or len(curve) < 2:
        return False
    if isinstance(state, tuple):
        bounds = [_bounds(curve)]
        bounds += [_turned(*bounds[0], T) for T in curve.images]
        if kind == "homoclinic":  # one orbit around both, as a figure of eight has
            low, high = bounds[0]
            bounds += [(np.minimum(low, other), np.maximum(high, above)) for other, above in bounds[1:]]
        return any(_cycles_pass(curve.values, *each, place, *state, spans) for each in bounds)
    images = [curve.kappa, *(curve.kappa @ T.T for T in curve.images)]
    return any(_points_pass(curve.values, kappa, place, state, spans) for kappa in images)


def with_images(curve, maps, spans):
    """The same curve with the matrices that take it to another curve, each such curve once.

    Parameters
    ----------
    curve : BifurcationCurve
        In the order of the spans.
    maps : sequence of ndarray (R, R)
        Symmetries that the field has for all values of both parameters (`dynsys.analysis.mirrors`).
    spans : ndarray (2, 2)
        Ends of the parameters.

    Returns
    -------
    BifurcationCurve
    """
    k = len(curve) // 2
    for T in maps if len(curve) > 1 else ():
        if curve.orbits is None:
            state = T @ curve.kappa[k]
        else:
            low, high = _turned(*(bound[k] for bound in _bounds(curve)), T)
            state = low, high
        if not passes(curve, curve.kind, curve.values[k], state, spans):
            curve = replace(curve, images=[*curve.images, T])
    return curve


def _bounds(curve):
    return curve.orbits.min(axis=1), curve.orbits.max(axis=1)


def _turned(low, high, T):
    """Bounds of what T makes of the states between bounds; T exchanges coordinates and signs."""
    ends = low @ T.T, high @ T.T
    return np.minimum(*ends), np.maximum(*ends)


def _points_pass(values, kappa, place, state, spans):
    size = np.maximum(1.0, np.abs(state))
    points = np.column_stack([values / np.diff(spans).T, kappa / size])
    target = np.concatenate([place / np.diff(spans)[:, 0], state / size])
    return _nearest(points, target) < ON_CURVE


def _cycles_pass(values, lows, highs, place, low, high, spans):
    points = np.column_stack([values / np.diff(spans).T, lows, highs])
    target = np.concatenate([place / np.diff(spans)[:, 0], low, high])
    size = np.maximum(high - low, 1e-300).max()
    weights = np.concatenate([np.ones(2), np.full(low.size * 2, ON_CYCLES / (ALIKE * size))])
    return _nearest(points * weights, target * weights) < ON_CYCLES


def _nearest(points, target):
    """Distance of a point from a chain of segments."""
    start, step = points[:-1], np.diff(points, axis=0)
    share = ((target - start) * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1e-300)
    spot = start + np.clip(share, 0, 1)[:, None] * step
    return float(np.linalg.norm(target - spot, axis=1).min())
