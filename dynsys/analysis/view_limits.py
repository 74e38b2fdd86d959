"""How far a picture of the flow reaches: as far as a user says, or around everything that was found."""

import numpy as np

from tasks.checks import as_array
from tasks.errors import InputError

# How far beyond the outermost fixed point or cycle a picture reaches, when no box is given.
MARGIN = 1.5
# Beyond this higher powers of a coordinate are hardly numbers any more.
LARGEST = 1e50


def view_limits(field, box, fixed_points=None, attractors=None, trajectories=None, plane=None):
    """Lower and upper end of each coordinate of a picture.

    Without a box: half as far again as everything found, from its middle; on a line and along kappas, from
    zero.

    Parameters
    ----------
    field : Field
        The field.
    box : array_like (R, 2) or None
        What a user wants to see; (2, 2) in a plane, and one along the axes takes its rows of (R, 2) too.
    fixed_points : FixedPoints, optional
        What is in the picture, which no box needs to know.
    attractors : Attractors, optional
        Their cycles are, too.
    trajectories : ndarray (B, T, R), optional
        So are these.
    plane : Plane, optional
        A slice; then everything found is seen from there.

    Returns
    -------
    ndarray (R, 2), or (2, 2) in a plane

    Raises
    ------
    InputError
        A box of another shape, not finite, without width or beyond all bounds.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from dynsys.analysis.fixed_points import find_fixed_points
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> view_limits(field, None, find_fixed_points(field)).round(3)
    array([[-2.873,  2.873]])
    """
    if box is None:
        return _around(field, fixed_points, attractors, trajectories, plane)
    shape, axes = ((field.dimension, 2), "(R, 2)") if plane is None else ((2, 2), "(2, 2)")
    if plane is not None and plane.axes is not None and np.shape(box) == (field.dimension, 2):
        box = as_array("box", box)[list(plane.axes)]
    limits = np.array(as_array("box", box, shape, axes))
    if not (limits[:, 0] < limits[:, 1]).all():
        low, high = limits[np.argmax(limits[:, 0] >= limits[:, 1])]
        raise InputError(f"box: the lower end {low:g} is not below the upper end {high:g}")
    if np.abs(limits).max() > LARGEST:
        raise InputError(f"box: reaches {np.abs(limits).max():.3g}, above the limit {LARGEST:g}; show less")
    return limits


def _around(field, fixed_points, attractors, trajectories, plane):
    R = field.dimension
    states = [fixed_points.kappa, *(c.points for c in fixed_points.continua)]
    if attractors is not None:
        states += [cycle.points for cycle in attractors.cycles]
    if trajectories is not None:
        states.append(trajectories.reshape(-1, R)[np.isfinite(trajectories).all(axis=2).ravel()])
    states, box, zero = np.concatenate(states), field.trapping_box(), np.zeros(R)
    bound = None if box is None else np.abs(box).max(axis=1)
    searched = fixed_points.box
    if plane is not None:
        states, zero = plane.coordinates(states), plane.coordinates(zero)
        half = np.abs(plane.basis) @ (0.5 * np.diff(searched, axis=1)[:, 0])
        middle = plane.coordinates(searched.mean(axis=1))
        searched = np.column_stack([middle - half, middle + half])
        bound = None if box is None else np.abs(plane.basis) @ bound
    tilted = plane is not None and plane.axes is None
    if (field.box is None or tilted) and R > 1:
        if len(states) == 0:
            return searched
        middle = 0.5 * (states.min(axis=0) + states.max(axis=0))
        half = np.maximum(MARGIN * 0.5 * np.ptp(states, axis=0), 1e-6)
        if half.min() < 1e-3 * half.max() or len(states) == 1:
            alone = np.maximum(1.0, np.abs(middle)) if bound is None else np.maximum(bound, 1e-6)
            half = np.maximum(half, 0.25 * half.max() if len(states) > 1 else alone)
        return np.column_stack([middle - half, middle + half])
    reach = MARGIN * np.abs(states - zero).max(axis=0, initial=0.0)
    largest = reach.max(initial=0.0)
    if largest < 1e-6:
        reach = np.ones(len(zero)) if bound is None else np.maximum(bound, 1e-6)
    elif bound is not None:  # a direction without fixed points is shown as far as the flow can go
        reach = np.where(reach < 0.2 * largest, np.minimum(0.5 * largest, bound), reach)
    return np.column_stack([zero - reach, zero + reach])
