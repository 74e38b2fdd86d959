"""Curves of cycle events for a diagram in two parameters, from families of cycles along lines, each once."""

import numpy as np

from dynsys.analysis.bifurcation_curve import continue_curve
from dynsys.analysis.curve import make_curve
from dynsys.analysis.cycle_conditions import CYCLE_KINDS
from dynsys.analysis.cycle_families import cycle_families
from tasks.errors import InputError, Status

# What is followed; limit on the points of a curve each way.
FOLLOWED, MAX_POINTS = (*CYCLE_KINDS, "homoclinic"), 250
# How close a curve passes a point that lies on it: in units of the spans, and of the size of the cycle.
ON_CURVE, ALIKE = 5e-3, 5e-2


def add_cycle_curves(field, names, spans, inputs, hopf_points, curves, ask):
    """Follow the cycles of Hopf points along one parameter, and what happens to them along both.

    Parameters
    ----------
    field : Field
        With the second parameter at its value on the line.
    names : tuple of (str, str)
        The parameter along the line, and the other.
    spans : ndarray (2, 2)
        Their ends.
    inputs : mapping or None
        Constant inputs.
    hopf_points : sequence of SpecialPoint
        Those of the line.
    curves : list of BifurcationCurve
        In the order of ``names``; new ones are added.
    ask : callable
        Raises KeyboardInterrupt if the user wants to end.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(*np.ones((2, 4, 2)), np.zeros(4), np.ones(4)))
    >>> curves = []
    >>> add_cycle_curves(field, ("gain", "v"), np.array([[0, 2], [0, 1]]), None, (), curves, None)
    >>> curves
    []
    """
    line = make_curve(field, names[0], tuple(spans[0]), inputs)
    at = make_curve(field, names[1], tuple(spans[1]), inputs).value
    for family in cycle_families(line, hopf_points):
        for point in family.special_points:
            ask()
            if point.kind not in FOLLOWED or any(_passes(curve, point, at, spans) for curve in curves):
                continue
            try:
                curve = continue_curve(
                    field, point, names[1], tuple(spans[1]), tuple(spans[0]), inputs, max_points=MAX_POINTS
                )
            except InputError:  # a cycle at the edge of what the equations resolve
                continue
            curves.append(curve)
            if curve.status is Status.INTERRUPTED:
                raise KeyboardInterrupt


def _passes(curve, point, at, spans):
    """Whether a curve of this kind goes through a cycle, in parameters and extremes."""
    if curve.kind != point.kind or len(curve) < 2:
        return False
    low, high = curve.orbits.min(axis=1), curve.orbits.max(axis=1)
    points = np.column_stack([curve.values / np.diff(spans).T, low, high])
    target = np.concatenate([np.array([point.value, at]) / np.diff(spans)[:, 0], point.low, point.high])
    size = np.maximum(point.high - point.low, 1e-300).max()
    weights = np.concatenate([np.ones(2), np.full(low.shape[1] * 2, ON_CURVE / (ALIKE * size))])
    start, step = points[:-1] * weights, np.diff(points, axis=0) * weights
    share = ((target * weights - start) * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1e-300)
    spot = start + np.clip(share, 0, 1)[:, None] * step
    return bool(np.linalg.norm(target * weights - spot, axis=1).min() < ON_CURVE)
