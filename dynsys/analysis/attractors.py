"""Attractors of a field at constant inputs, and which of them a state goes to.

Attractors are the stable fixed points, the stable cycles and the stable continua (rings, lines) that the
searches find, numbered and named A, B, C, ... in that order. A state belongs to the one whose region of
capture (`dynsys.analysis.capture`) its trajectory enters.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynsys.analysis.capture import Regions, capture_regions
from dynsys.analysis.cycle_search import find_cycles
from dynsys.analysis.cycles import LimitCycles
from dynsys.analysis.equilibria import FixedPoints, zero_below
from dynsys.analysis.fixed_points import find_fixed_points
from dynsys.analysis.flow import system_of, values_at
from dynsys.analysis.vector_field import check_field
from dynsys.numerics.paths import DIVERGED, ESCAPED, LEFT_BOX, UNDECIDED, capture_many, run_path
from tasks.checks import as_array
from tasks.errors import InputError

RTOL = 1e-7
MAX_STEPS, MAX_TIME = 3000, 1e9
# A state has left the box when it is beyond so many times it, and has escaped beyond so many times that.
ROOM, HORIZON = 4.0, 1e6
# A state that ends neither in a region nor beyond the room ends outside the box if its path stays outside for
# so many steps more, looked at so closely (in tenths of the box), or if it rests there: F below this share.
OUTSIDE, LOOK_STEPS, SPACING, LINE, AT_REST = -5, 200, 0.3, 4096, 1e-5
# Most distance of the points of a cycle that capture, as a share of its size.
GAP = 0.01
NOWHERE = {
    UNDECIDED: "undecided", LEFT_BOX: "leaves the box", DIVERGED: "diverges", ESCAPED: "escapes",
    OUTSIDE: "ends outside the box",
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Attractors:
    """The attractors of a field, numbered: stable fixed points, then stable cycles, then stable continua.

    Parameters
    ----------
    fixed_points : FixedPoints
        All fixed points, stable or not.
    cycles : LimitCycles
        All cycles.
    points : tuple of FixedPoint
        The stable points.
    rings : tuple of Continuum
        The stable continua.
    regions : Regions
        Where they capture.
    room : ndarray (R, 2)
        Beyond it a trajectory has left the box.
    inputs : mapping of str to float
        The inputs.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4))
    >>> find_attractors(reduced_field(net))
    2 attractors: A stable node at [-1.915], B stable node at [1.915]
    """

    fixed_points: FixedPoints
    cycles: LimitCycles
    points: tuple
    rings: tuple
    regions: Regions
    room: np.ndarray
    inputs: Mapping

    @property
    def places(self):
        """tuple of ndarray : of each attractor its states, (1, R) for a point, (M, R) for a cycle."""
        points = tuple(point.kappa[None] for point in self.points)
        rings = tuple(ring.points for ring in self.rings)
        return (*points, *(cycle.points for cycle in self.cycles.stable), *rings)

    @property
    def kinds(self):
        """tuple of str : kind of each."""
        kinds = [point.kind for point in self.points] + [cycle.kind for cycle in self.cycles.stable]
        return (*kinds, *("continuum" for _ in self.rings))

    @property
    def horizon(self):
        """ndarray (R, 2) : beyond it a trajectory has escaped, a million times the room."""
        middle = self.room.mean(axis=1, keepdims=True)
        return middle + HORIZON * (self.room - middle)

    @property
    def searched(self):
        """ndarray (R, 2) : the box in which attractors were looked for."""
        middle = self.room.mean(axis=1, keepdims=True)
        return middle + (self.room - middle) / ROOM

    @property
    def names(self):
        """tuple of str : A, B, C, ..."""
        return tuple(letters(i) for i in range(len(self)))

    def name(self, label):
        """Name of an attractor by its number, or what a negative number stands for."""
        return letters(label) if label >= 0 else NOWHERE[int(label)]

    def __len__(self):
        return len(self.points) + len(self.cycles.stable) + len(self.rings)

    def __repr__(self):
        shown = [
            f"{name} {kind} at {np.array2string(place[0], precision=4)}"
            if len(place) == 1
            else f"{name} {kind} around {np.array2string(place[:-1].mean(axis=0), precision=4)}"
            for name, kind, place in zip(self.names, self.kinds, self.places)
        ]
        return f"{len(self)} attractor{'s' * (len(self) != 1)}: {', '.join(shown)}"


def letters(number):
    """A, B, ..., Z, A1, B1, ...

    Examples
    --------
    >>> letters(0), letters(27)
    ('A', 'B1')
    """
    turn, place = divmod(int(number), 26)
    return string.ascii_uppercase[place] + (str(turn) if turn else "")


def find_attractors(field, inputs=None, box=None, fixed_points=None, cycles=None):
    """Find the stable fixed points, cycles and continua, with their regions of capture.

    Parameters
    ----------
    field : Field
        The field.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    box : array_like (R, 2), optional
        Where to search; the trapping box if left out.
    fixed_points, cycles : FixedPoints, LimitCycles, optional
        Those at the same inputs, if they are already known.

    Returns
    -------
    Attractors

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> find_attractors(field).names
    ('A', 'B')
    """
    check_field(field)
    u = field.input_vector(inputs)
    if fixed_points is None:
        fixed_points = find_fixed_points(field, inputs, box)
    if cycles is None:
        cycles = find_cycles(field, inputs, box, fixed_points=fixed_points)
    limits = fixed_points.box if box is None else as_array("box", box, (field.dimension, 2), "(R, 2)")
    widths = limits[:, 1] - limits[:, 0]
    points = fixed_points.stable
    rings = tuple(ring for ring in fixed_points.continua if _stable_ring(field, u, ring))
    chains = [_without_gaps(field, u, cycle) for cycle in cycles.stable] + [ring.points for ring in rings]
    others = [p.kappa for p in fixed_points if not p.stable]
    regions = capture_regions(field, u, [p.kappa for p in points], chains, others, widths)
    middle, half = limits.mean(axis=1), 0.5 * widths
    room = np.column_stack([middle - ROOM * half, middle + ROOM * half])
    return Attractors(fixed_points, cycles, points, rings, regions, room, dict(zip(field.inputs, u.tolist())))


def attractor_of(field, states, attractors, rtol=RTOL):
    """Number of the attractor that each state goes to, and the time it takes.

    Parameters
    ----------
    field : Field
        The field.
    states : array_like (K, R)
        The states.
    attractors : Attractors
        From `find_attractors`, at its inputs.
    rtol : float
        Tolerance of the integration.

    Returns
    -------
    labels : ndarray of int (K,)
        Number of the attractor; -1 undecided; -2 leaves the box (four times the one that was searched) and
        stays out; -3 diverges, F is not finite; -4 escapes, beyond all bounds; -5 ends outside the box, in
        something that was not searched for there.
    times : ndarray (K,)
        Time until its region of capture is reached.

    Raises
    ------
    InputError
        States of another dimension.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> attractor_of(field, [[-0.1], [0.2]], find_attractors(field))[0]
    array([0, 1])
    """
    states = np.array(as_array("states", states), order="C")
    if states.ndim != 2 or states.shape[1] != field.dimension:
        raise InputError(f"states: expected (K, R) with R = {field.dimension}, got {states.shape}")
    labels, times = np.empty(len(states), dtype=np.int64), np.empty(len(states))
    u = field.input_vector(attractors.inputs)
    box = attractors.fixed_points.box
    scale = 0.1 * (box[:, 1] - box[:, 0])
    capture_many(
        *system_of(field, u), states, MAX_TIME, rtol, scale, MAX_STEPS, attractors.room,
        attractors.horizon, *attractors.regions, labels, times,
    )  # fmt: skip
    outside = np.flatnonzero((labels == UNDECIDED) & _beyond(states, attractors.searched))
    if len(outside):
        rests = (np.abs(values_at(field, states[outside], u)) <= AT_REST * scale).all(axis=1)
        for k, rest in zip(outside, rests):
            if rest or _stays_outside(field, u, states[k], attractors, rtol, scale):
                labels[k] = OUTSIDE
    return labels, times


def _stays_outside(field, u, state, attractors, rtol, scale):
    """Whether a path goes on outside the box that was searched, without reaching anything that is known."""
    line, times, end = np.empty((LINE, state.size)), np.empty(LINE), np.empty(1, dtype=np.int64)
    count = run_path(
        *system_of(field, u), state, MAX_TIME, rtol, scale, LOOK_STEPS, SPACING, attractors.room,
        *attractors.regions, line, times, end,
    )  # fmt: skip
    return end[0] == UNDECIDED and bool(_beyond(line[:count], attractors.searched).all())


def _beyond(states, box):
    """Which states (K, R) lie outside a box."""
    return ((states < box[:, 0]) | (states > box[:, 1])).any(axis=1)


def _without_gaps(field, u, cycle):
    """Points of a cycle close to each other in its jumps too, by Hermite's cubics between its points."""
    points, slopes = cycle.points, values_at(field, cycle.points, u)
    steps = np.diff(cycle.time)[:, None]
    gaps = np.abs(np.diff(points, axis=0) / np.ptp(points, axis=0).clip(1e-300)).max(axis=1)
    pieces = np.ceil(gaps / GAP).clip(1, 200).astype(int)
    which = np.repeat(np.arange(len(pieces)), pieces)
    share = ((np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[which])[:, None]
    a, b, h = points[which], points[which + 1], steps[which]
    back = 1 - share
    return (
        back**2 * (1 + 2 * share) * a
        + share**2 * (1 + 2 * back) * b
        + share * back * h * (back * slopes[which] - share * slopes[which + 1])
    )


def _stable_ring(field, u, ring):
    eigenvalues = np.linalg.eigvals(values_at(field, ring.points[:1], u, "jacobian")[0])
    return (np.sort(eigenvalues.real)[: len(eigenvalues) - ring.dimension] < -zero_below(eigenvalues)).all()
