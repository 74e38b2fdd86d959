"""Curves of cycle events for a diagram in two parameters, from families of cycles along lines, each once."""

import numpy as np

from dynsys.analysis.bifurcation_curve import continue_curve
from dynsys.analysis.curve_images import passes, with_images
from dynsys.analysis.cycle_conditions import CYCLE_KINDS
from tasks.errors import InputError, Status

# What is followed; limit on the points of a curve each way.
FOLLOWED, MAX_POINTS = (*CYCLE_KINDS, "homoclinic"), 250


def add_cycle_curves(field, names, at, spans, inputs, families, maps, curves, ask):
    """Follow what happens to cycles along one parameter, along both.

    Parameters
    ----------
    field : Field
        With the second parameter at its value on the line.
    names : tuple of (str, str)
        The parameter along the line, and the other.
    at : float
        Value of the other on the line.
    spans : ndarray (2, 2)
        Their ends.
    inputs : mapping or None
        Constant inputs.
    families : sequence of CycleBranch
        Those of the line.
    maps : sequence of ndarray (R, R)
        Symmetries that the field has for all values of both parameters.
    curves : list of BifurcationCurve
        In the order of ``names``; new ones are added.
    ask : callable
        Raises KeyboardInterrupt if the user wants to end.

    Returns
    -------
    list of (str, ndarray (2,), tuple)
        What could not be followed: kind, values in the order of ``names``, lowest and highest state.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(*np.ones((2, 4, 2)), np.zeros(4), np.ones(4)))
    >>> curves = []
    >>> add_cycle_curves(field, ("gain", "v"), 0.5, np.array([[0, 2], [0, 1]]), None, (), (), curves, None)
    []
    """
    missed = []
    for point in [point for family in families for point in family.special_points]:
        ask()
        place, ends = np.array([point.value, at]), (point.low, point.high)
        if point.kind not in FOLLOWED or any(passes(c, point.kind, place, ends, spans) for c in curves):
            continue
        try:
            curve = continue_curve(
                field, point, names[1], tuple(spans[1]), tuple(spans[0]), inputs, max_points=MAX_POINTS
            )
        except InputError:  # a cycle at the edge of what the equations resolve
            missed.append((point.kind, place, ends))
            continue
        curves.append(with_images(curve, maps, spans))
        if curve.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
    return missed
