"""Phase portraits, the data of them: flow, nullclines, fixed points, manifolds, basins, cycles, trajectories.

On a line: F and the potential U(kappa) = -int F dkappa. In the plane: streamlines, nullclines, manifolds and
basins. In more dimensions: trajectories from a cover of starts, manifolds and cycles, to be projected.
`dynsys.plotting.phase_plane` draws them and computes nothing.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from dynsys.analysis.attractors import Attractors, find_attractors
from dynsys.analysis.basins import Basins, find_basins
from dynsys.analysis.capture import no_regions
from dynsys.analysis.cover import cover
from dynsys.analysis.fixed_points import FixedPoints, find_fixed_points
from dynsys.analysis.flow import system_of, values_at
from dynsys.analysis.manifolds import invariant_manifolds
from dynsys.analysis.nullclines import find_nullclines
from dynsys.analysis.vector_field import check_field
from dynsys.numerics.paths import run_path
from dynsys.numerics.plane import streamlines
from tasks.checks import as_array, check_count
from tasks.errors import InputError

# How far beyond the outermost fixed point or cycle a picture reaches, when no box is given.
MARGIN = 1.5
# Streamlines: cells of the marks and seeds along each side, the shortest line; trajectories in space.
MARKS, SEEDS, SHORTEST, TRAJECTORIES = 30, 24, 0.12, 40
ARROWS = 21
# Cells of the nullclines' grid along each side, with and without detail.
FINE, ROUGH = 100, 60


@dataclass(frozen=True, eq=False, repr=False)
class PhasePortrait:
    """The flow of a field at constant inputs.

    Parameters
    ----------
    kappa : ndarray (M,), or (M, R) for R > 1
        Places: ascending on a line, a regular grid in the plane.
    flow : ndarray (M,) or (M, R)
        F there, in units of 1 / tau.
    fixed_points : FixedPoints
        All fixed points at these inputs.
    inputs : mapping of str to float
        The inputs.
    state : tuple of str
        Names of the coordinates.
    source : mapping
        Plain values that say which field it was.
    box : ndarray (R, 2)
        What the portrait shows.
    potential : ndarray (M,)
        On a line: U = -int F dkappa, 0 at its lowest place.
    streamlines : tuple of ndarray (L, R)
        Lines along the flow.
    speeds : tuple of ndarray (L,)
        Length of F along each.
    nullclines : tuple of Nullcline
        In the plane.
    manifolds : tuple of Manifold
        Of every saddle.
    basins : Basins or None
        In the plane.
    attractors : Attractors or None
        What the labels of the basins mean; has the cycles too.
    trajectories : ndarray (B, T, R) or None
        Trials drawn on top.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> phase_portrait(field)
    PhasePortrait(401 places from -2.87251 to 2.87251, 3 fixed points)
    """

    kappa: np.ndarray
    flow: np.ndarray
    fixed_points: FixedPoints
    inputs: Mapping = dataclasses.field(default_factory=dict)
    state: tuple = ("kappa",)
    source: Mapping = dataclasses.field(default_factory=dict)
    box: np.ndarray = None
    potential: np.ndarray = None
    streamlines: tuple = ()
    speeds: tuple = ()
    nullclines: tuple = ()
    manifolds: tuple = ()
    basins: Basins = None
    attractors: Attractors = None
    trajectories: np.ndarray = None

    def __post_init__(self):
        kappa = as_array("kappa", self.kappa)
        if kappa.ndim not in (1, 2):
            raise InputError(f"kappa: expected (M,) or (M, R), got {kappa.shape}")
        if kappa.size == 0:
            raise InputError("kappa: a portrait needs at least one place")
        object.__setattr__(self, "kappa", kappa)
        object.__setattr__(self, "flow", as_array("flow", self.flow, kappa.shape, "as kappa", finite=False))
        for name in ("box", "potential", "trajectories"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, as_array(name, getattr(self, name), finite=False))
        for name in ("inputs", "source"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def cycles(self):
        """tuple of Cycle : all cycles, stable or not."""
        return () if self.attractors is None else self.attractors.cycles.cycles

    @property
    def dimension(self):
        """int : number of state variables."""
        return len(self.state)

    def data(self):
        """Everything that a picture shows, as plain arrays, numbers and text.

        Returns
        -------
        dict
            ``fixed_points`` and ``cycles`` are lists of dicts, ``nullclines``, ``manifolds`` and
            ``streamlines`` lists of arrays (L, R) with what they are.
        """
        points = [{"kappa": p.kappa, "kind": p.kind, "eigenvalues": p.eigenvalues} for p in self.fixed_points]
        cycles = [{"points": c.points, "kind": c.kind, "period": c.period} for c in self.cycles]
        lines = [{"points": n.points, "equation": n.component} for n in self.nullclines]
        manifolds = [
            {"points": m.points, "stable": m.stable, "saddle": m.saddle, "end": m.end} for m in self.manifolds
        ]
        streams = [{"points": p, "speed": s} for p, s in zip(self.streamlines, self.speeds)]
        basins = None
        if self.basins is not None:
            basins = {"x": self.basins.x, "y": self.basins.y, "labels": self.basins.labels}
        return {
            "state": self.state, "inputs": dict(self.inputs), "kappa": self.kappa, "flow": self.flow,
            "potential": self.potential, "fixed_points": points, "cycles": cycles, "nullclines": lines,
            "manifolds": manifolds, "streamlines": streams, "basins": basins,
            "trajectories": self.trajectories,
        }  # fmt: skip

    def __repr__(self):
        if self.kappa.ndim == 1:
            span = " to ".join(f"{end:g}" for end in self.kappa[[0, -1]])
            return (
                f"PhasePortrait({len(self.kappa)} places from {span}, {len(self.fixed_points)} fixed points)"
            )
        given = ", ".join(f"{name} = {value:g}" for name, value in self.inputs.items()) or "no input"
        basins = "" if self.basins is None else f", basins {self.basins.shares}"
        return (
            f"PhasePortrait({', '.join(self.state)} at {given}: {len(self.fixed_points)} fixed points, "
            f"{len(self.cycles)} cycles, {len(self.nullclines)} nullclines, "
            f"{len(self.manifolds)} manifolds{basins})"
        )


def phase_portrait(
    field,
    inputs=None,
    box=None,
    points=401,
    fixed_points=None,
    attractors=None,
    trajectories=None,
    detail=True,
):
    """Everything there is to see of the flow at constant inputs.

    Parameters
    ----------
    field : Field
        With any number of state variables.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    box : array_like (R, 2), optional
        What to show; by default half as far again as the outermost fixed point, cycle or trajectory.
    points : int, default 401
        Places on a line.
    fixed_points : FixedPoints, optional
        Those at the same inputs, if they are already known.
    attractors : Attractors, optional
        The same for the attractors.
    trajectories : array_like (B, T, R), optional
        Trials to draw on top, such as ``simulate(net, trials).kappa``.
    detail : bool, default True
        Whether to look for cycles, manifolds and basins besides the flow, nullclines and fixed points, and
        for nullclines on a finer grid.

    Returns
    -------
    PhasePortrait

    Raises
    ------
    InputError
        A box without width, trajectories of another dimension.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> phase_portrait(field, box=[[0, 1]], points=3).flow
    array([0.        , 0.42423431, 0.52318831])
    """
    check_field(field)
    R = field.dimension
    points = check_count("points", points, 2)
    u = field.input_vector(inputs)
    given = dict(zip(field.inputs, u.tolist()))
    if trajectories is not None:
        trajectories = as_array("trajectories", trajectories, (None, None, R), "(B, T, R)", finite=False)
    if attractors is not None:
        fixed_points = attractors.fixed_points
    if fixed_points is None:
        fixed_points = find_fixed_points(field, inputs, None if R == 1 else box)
    if R > 1 and attractors is None and detail:
        attractors = find_attractors(field, inputs, box, fixed_points)
    limits = _limits(field, fixed_points, attractors, trajectories) if box is None else box
    limits = np.array(as_array("box", limits, (R, 2), "(R, 2)"))
    if not (limits[:, 0] < limits[:, 1]).all():
        low, high = limits[np.argmax(limits[:, 0] >= limits[:, 1])]
        raise InputError(f"box: the lower end {low:g} is not below the upper end {high:g}")
    common = {"inputs": given, "state": field.state, "source": field.source, "box": limits,
              "attractors": attractors, "trajectories": trajectories}  # fmt: skip
    if R == 1:
        kappa = np.linspace(*limits[0], points)
        flow = values_at(field, kappa[:, None], u)[:, 0]
        return PhasePortrait(kappa, flow, fixed_points, potential=_potential(field, u, kappa, flow), **common)
    manifolds = () if attractors is None else invariant_manifolds(field, attractors, limits)
    if R > 2:
        places = cover(limits, TRAJECTORIES * 2)
        lines = _trajectories(field, u, limits, attractors)
        return PhasePortrait(
            places, values_at(field, places, u), fixed_points, manifolds=manifolds, streamlines=lines,
            speeds=_speeds(field, u, lines), **common,
        )  # fmt: skip
    places = _grid(limits)
    lines = _streamlines(field, u, limits)
    return PhasePortrait(
        places, values_at(field, places, u), fixed_points, streamlines=lines, speeds=_speeds(field, u, lines),
        nullclines=find_nullclines(field, u, limits, FINE if detail else ROUGH), manifolds=manifolds,
        basins=find_basins(field, attractors, limits, manifolds) if attractors else None, **common,
    )  # fmt: skip


def _limits(field, fixed_points, attractors, trajectories):
    """Box around everything found, half as far again from its middle; on a line and in kappas, about zero."""
    R = field.dimension
    states = [fixed_points.kappa, *(c.points for c in fixed_points.continua)]
    if attractors is not None:
        states += [cycle.points for cycle in attractors.cycles]
    if trajectories is not None:
        states.append(trajectories.reshape(-1, R)[np.isfinite(trajectories).all(axis=2).ravel()])
    states = np.concatenate(states)
    if field.box is None and R > 1:
        if len(states) == 0:
            return fixed_points.box
        middle = 0.5 * (states.min(axis=0) + states.max(axis=0))
        half = np.maximum(MARGIN * 0.5 * np.ptp(states, axis=0), 1e-6)
        if half.min() < 1e-3 * half.max() or len(states) == 1:
            half = np.maximum(half, 0.25 * half.max() if len(states) > 1 else np.maximum(1.0, np.abs(middle)))
        return np.column_stack([middle - half, middle + half])
    reach = MARGIN * np.abs(states).max(axis=0, initial=0.0)
    box = field.trapping_box()
    largest = reach.max(initial=0.0)
    if largest < 1e-6:
        reach = np.ones(R) if box is None else np.maximum(np.abs(box).max(axis=1), 1e-6)
    elif box is not None:  # a direction without fixed points is shown as far as the flow can go
        reach = np.where(reach < 0.2 * largest, np.minimum(0.5 * largest, np.abs(box).max(axis=1)), reach)
    return np.column_stack([-reach, reach])


def _potential(field, u, kappa, flow):
    """Simpson's rule between neighbouring places."""
    middle = values_at(field, (0.5 * (kappa[1:] + kappa[:-1]))[:, None], u)[:, 0]
    pieces = np.diff(kappa) / 6 * (flow[:-1] + 4 * middle + flow[1:])
    potential = -np.concatenate([[0.0], np.cumsum(pieces)])
    return potential - np.nanmin(potential) if np.isfinite(potential).any() else potential


def _grid(limits):
    axes = [np.linspace(low, high, ARROWS) for low, high in limits]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def _streamlines(field, u, limits):
    seeds = cover(limits, SEEDS * SEEDS)
    marks = np.zeros((MARKS, MARKS), dtype=np.int64)
    points, offsets = np.empty((200_000, 2)), np.zeros(len(seeds) + 1, dtype=np.int64)
    rhs, _, inputs, params = system_of(field, u)
    count = streamlines(rhs, inputs, params, limits, seeds, SHORTEST, marks, points, offsets)
    return tuple(points[offsets[i] : offsets[i + 1]].copy() for i in range(count))


def _trajectories(field, u, limits, attractors):
    """Trajectories from a cover of starts, until an attractor has them, or for long enough."""
    widths = limits[:, 1] - limits[:, 0]
    regions, room = no_regions(field.dimension), limits + widths[:, None] * [-1, 1]
    if attractors is not None:
        regions, room = attractors.regions, attractors.room
    lines = []
    for start in cover(limits, TRAJECTORIES):
        points, times, end = np.empty((800, len(start))), np.empty(800), np.empty(1, dtype=np.int64)
        count = run_path(
            *system_of(field, u), start, 1e6, 1e-6, widths, 400, 1 / 60, room, *regions, points, times, end,
        )  # fmt: skip
        lines.append(points[:count])
    return tuple(lines)


def _speeds(field, u, lines):
    if not lines:
        return ()
    speeds = np.linalg.norm(values_at(field, np.concatenate(lines), u), axis=1)
    return tuple(np.split(speeds, np.cumsum([len(line) for line in lines])[:-1]))
