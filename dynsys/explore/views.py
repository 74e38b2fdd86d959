"""What the explorer computes at given values: the portrait, trajectories, what is worth showing."""

import numpy as np

from dynsys.analysis.cover import cover
from dynsys.analysis.fixed_points import find_fixed_points
from dynsys.analysis.flow import integrate, values_at
from dynsys.analysis.portrait import phase_portrait
from tasks.errors import InputError

# Trajectories: times at which each is known, their accuracy and budget.
TIMES, RTOL, MAX_STEPS = 2001, 1e-7, 20_000
# By default they run for so many typical crossings of the view.
CROSSINGS = 40
# Without a trapping box fixed points are searched as far as so many times the view.
BEYOND = 2.0
# States farther from the view than so many times its size are not drawn.
FARTHEST = 1e3
# What is worth showing: so many starts, followed for a few steps, unless they get lost beyond the first view.
LOOKOUTS, FEW_STEPS, LOST = 16, 2000, 10.0
# Starts of the search for fixed points in four or more dimensions where it has to be quick.
QUICK_STARTS = 256


def points_at(field, inputs, box, detail=False):
    """All fixed points that can be known.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> len(points_at(field, {"v": 0.0}, np.array([[0.5, 1.0]])))
    3
    """
    search = None
    if field.trapping_box() is None:
        middle, half = box.mean(axis=1), 0.5 * BEYOND * np.diff(box, axis=1)[:, 0]
        search = np.column_stack([middle - half, middle + half])
    return find_fixed_points(field, inputs, search, _starts(field, detail))


def portrait_at(field, inputs, box, detail=False, points=None, plane=None, at=None):
    """The portrait in a box, with all fixed points that can be known, or a slice of it.

    Raises
    ------
    InputError
        F is not finite anywhere in the box.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> portrait_at(field, {"v": 0.0}, np.array([[0.5, 1.0]]))
    PhasePortrait(401 places from 0.5 to 1, 3 fixed points)
    """
    points = points_at(field, inputs, box, detail) if points is None else points
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        portrait = phase_portrait(field, inputs, box, fixed_points=points, detail=detail, plane=plane, at=at)
    if not np.isfinite(portrait.flow.reshape(len(portrait.kappa), -1)).all(axis=1).any():
        values = {**inputs, **field.parameter_values}
        given = ", ".join(f"{name} = {value:g}" for name, value in values.items())
        raise InputError(f"F is not finite anywhere in the picture ({given}); is a variance negative?")
    return portrait


def paths_at(field, inputs, starts, duration, box):
    """Trajectories from starts (K, R), NaN where they have ended or are too far away to be drawn.

    Returns
    -------
    Flow
        What `integrate` returned.
    ndarray (K, T, R)
        The states to draw.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> paths_at(field, {"v": 0.0}, np.array([[0.5]]), 10.0, np.array([[-1.0, 1.0]]))[1].shape
    (1, 2001, 1)
    """
    middle, widths = box.mean(axis=1), np.diff(box, axis=1)[:, 0]
    times = duration * np.linspace(0.0, 1.0, TIMES) ** 2  # closer at first, where most of them move most
    flow = integrate(field, starts, times, inputs, RTOL, widths, MAX_STEPS)
    with np.errstate(invalid="ignore", over="ignore"):
        near = (np.abs(flow.kappa - middle) <= FARTHEST * widths).all(axis=2)
    return flow, np.where(near[..., None], flow.kappa, np.nan)


def widest_box(field, inputs, ranges=()):
    """A box for the fixed points, and for where trajectories end at these inputs and at the ends of ranges.

    Parameters
    ----------
    field : Field
        The field.
    inputs : mapping of str to float
        The present inputs.
    ranges : mapping of str to (low, high), optional
        Inputs to be put to either end, one at a time.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.ones(4), np.ones(4)))
    >>> widest_box(field, {"v": 0.0}, {"v": (-1.0, 1.0)}).round(2)
    array([[-1.44,  1.44]])
    """
    points = find_fixed_points(field, inputs, starts=_starts(field, False))
    box = phase_portrait(field, inputs, fixed_points=points, detail=False).box
    duration, starts = typical_duration(field, inputs, box), cover(box, LOOKOUTS)
    settings = [inputs] + [{**inputs, name: end} for name in inputs if name in ranges for end in ranges[name]]
    middle, reach = box.mean(axis=1), LOST * np.diff(box, axis=1)[:, 0]
    times, seen = duration * np.linspace(0.0, 1.0, 101), []
    for given in settings:
        ends = integrate(field, starts, times, given, 1e-5, reach / LOST, FEW_STEPS).kappa[:, 50:]
        with np.errstate(invalid="ignore"):
            seen.append(np.where((np.abs(ends - middle) <= reach).all(axis=2)[..., None], ends, np.nan))
    paths = np.concatenate(seen)
    return phase_portrait(field, inputs, fixed_points=points, trajectories=paths, detail=False).box


def typical_duration(field, inputs, box):
    """Time of some crossings of a box at the speed that is typical there, in one digit.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> decay = reduced_field(LowRankRNN(np.ones(4), np.zeros(4), np.zeros(4), np.ones(4)))  # F = -kappa
    >>> typical_duration(decay, {"v": 0.0}, np.array([[-1.0, 1.0]]))
    200.0
    """
    places, u = cover(box, 256), field.input_vector(inputs)
    speeds = np.abs(values_at(field, places, u) / np.diff(box, axis=1)[:, 0]).max(axis=1)
    speeds = speeds[np.isfinite(speeds) & (speeds > 0)]
    return float(f"{CROSSINGS / np.median(speeds):.0e}") if len(speeds) else float(CROSSINGS)


def _starts(field, detail):
    return None if detail or field.dimension <= 3 else QUICK_STARTS
