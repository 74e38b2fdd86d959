"""Phase portraits, the data of them: flow, nullclines, fixed points, manifolds, basins, cycles, trajectories.

On a line: F and the potential U(kappa) = -int F dkappa. In the plane: streamlines, nullclines, manifolds and
basins. In more dimensions: trajectories from a cover of starts, manifolds and cycles, to be projected; or a
plane cut through them, with the flow along it and the basins of the whole flow.
`dynsys.plotting.phase_plane` draws them and computes nothing.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from dynsys.analysis.attractors import Attractors, find_attractors
from dynsys.analysis.basins import Basins, find_basins
from dynsys.analysis.cover import cover
from dynsys.analysis.fixed_points import FixedPoints, find_fixed_points
from dynsys.analysis.flow import values_at
from dynsys.analysis.flow_lines import plane_streamlines, speeds_along, trajectories_in
from dynsys.analysis.manifolds import invariant_manifolds
from dynsys.analysis.nullclines import find_nullclines
from dynsys.analysis.planes import Plane, make_plane, whole_plane
from dynsys.analysis.vector_field import check_field
from dynsys.analysis.view_limits import view_limits
from tasks.checks import as_array, check_count, choose
from tasks.errors import InputError

# Places of the flow along each side of a plane; in more dimensions.
ARROWS, PLACES = 21, 80
# Cells of the nullclines' grid along each side, with and without detail.
FINE, ROUGH = 100, 60
# A fixed point is in a plane when it is no farther from it than this share of where points were searched.
ON_PLANE = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class PhasePortrait:
    """The flow of a field at constant inputs.

    Parameters
    ----------
    kappa : ndarray (M,), or (M, R) for R > 1
        Places: ascending on a line, a regular grid in the plane or slice.
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
    box : ndarray (R, 2), or (2, 2) in a slice
        What the portrait shows.
    potential : ndarray (M,)
        On a line: U = -int F dkappa, 0 at its lowest place.
    streamlines : tuple of ndarray (L, R)
        Lines along the flow; in a slice (L, 2), along the part of it that lies in the plane.
    speeds : tuple of ndarray (L,)
        Length of F along each, or of that part of it if ``speed`` says so.
    nullclines : tuple of Nullcline
        In the plane.
    manifolds : tuple of Manifold
        Of every saddle; none in a slice.
    basins : Basins or None
        In the plane; in a slice by the whole flow from there.
    attractors : Attractors or None
        What the labels of the basins mean; has the cycles too.
    trajectories : ndarray (B, T, R) or None
        Trials drawn on top.
    plane : Plane or None
        The slice; ``box``, ``streamlines``, ``nullclines`` and ``basins`` are then in its coordinates.
    speed : str
        What ``speeds`` are the lengths of: "full" of F, "plane" of its part along the plane.

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
    plane: Plane = None
    speed: str = "full"

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

    @property
    def on_plane(self):
        """ndarray of bool (K,) : which fixed points lie in the slice; in all other portraits they all do."""
        if self.plane is None:
            return np.ones(len(self.fixed_points), dtype=bool)
        widths = np.diff(self.fixed_points.box, axis=1)[:, 0]
        return (np.abs(self.plane.offsets(self.fixed_points.kappa)) <= ON_PLANE * widths).all(axis=1)

    def data(self):
        """Everything that a picture shows, as plain arrays, numbers and text.

        Returns
        -------
        dict
            ``fixed_points`` and ``cycles`` are lists of dicts, ``nullclines``, ``manifolds`` and
            ``streamlines`` lists of arrays (L, R) with what they are. Of a slice there are the ``plane``, and
            of each fixed point its ``place`` (2,) seen from there and its ``distance``.
        """
        points = [{"kappa": p.kappa, "kind": p.kind, "eigenvalues": p.eigenvalues} for p in self.fixed_points]
        plane = self.plane
        if plane is not None:
            for point in points:
                point["place"] = plane.coordinates(point["kappa"])
                point["distance"] = float(plane.distances(point["kappa"]))
            plane = {"labels": plane.labels, "origin": plane.origin, "basis": plane.basis}
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
            "trajectories": self.trajectories, "plane": plane, "speed": self.speed, "box": self.box,
        }  # fmt: skip

    def __repr__(self):
        if self.kappa.ndim == 1:
            span = " to ".join(f"{end:g}" for end in self.kappa[[0, -1]])
            points = _count(self.fixed_points, "fixed point")
            return f"PhasePortrait({len(self.kappa)} places from {span}, {points})"
        given = ", ".join(f"{name} = {value:g}" for name, value in self.inputs.items()) or "no input"
        basins = "" if self.basins is None else f", {self.basins!r}"
        shown, points = ", ".join(self.state), _count(self.fixed_points, "fixed point")
        if self.plane is not None:
            shown = f"{', '.join(self.plane.labels)} through {self.plane.place}"
            points = f"{int(self.on_plane.sum())} of {points} in the plane"
        lines = f"{_count(self.nullclines, 'nullcline')}, {_count(self.manifolds, 'manifold')}"
        return f"PhasePortrait({shown} at {given}: {points}, {_count(self.cycles, 'cycle')}, {lines}{basins})"


def phase_portrait(
    field,
    inputs=None,
    box=None,
    points=401,
    fixed_points=None,
    attractors=None,
    trajectories=None,
    detail=True,
    plane=None,
    at=None,
    speed="full",
):
    """Everything there is to see of the flow at constant inputs.

    Parameters
    ----------
    field : Field
        With any number of state variables.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    box : array_like (R, 2), optional
        What to show; by default half as far again as the outermost fixed point, cycle or trajectory. In a
        slice (2, 2), in the plane's coordinates; (R, 2) too where it lies along the axes.
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
    plane : sequence, optional
        Cut a plane through three or more dimensions: two coordinates by name or number, or two vectors (R,)
        that span it. Shown are the flow along the plane, where each component of it vanishes, and the basins
        of the whole flow from there.
    at : mapping of str to float, FixedPoint or array_like (R,), optional
        Where the plane lies: values of the other coordinates, or a state in it; zero if left out.
    speed : {"full", "plane"}
        Which speed to give in a slice: that of the whole flow, or of its part along the plane.

    Returns
    -------
    PhasePortrait

    Raises
    ------
    InputError
        A box without width, trajectories of another dimension, a plane that is none (see `make_plane`).

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> phase_portrait(field, box=[[0, 1]], points=3).flow
    array([0.        , 0.42423431, 0.52318831])
    >>> field = reduced_field(LowRankRNN(*np.ones((2, 4, 3)), np.zeros(4), np.ones(4)))
    >>> phase_portrait(field, plane=("kappa1", "kappa2"), at={"kappa3": 0.5}, detail=False).plane
    Plane(kappa1, kappa2 at kappa3 = 0.5)
    """
    check_field(field)
    R = field.dimension
    choose("speed", speed, ("full", "plane"))
    if plane is None and at is not None:
        raise InputError("at: says where a plane lies; give plane too, such as plane=(0, 1)")
    plane = None if plane is None else make_plane(field, plane, at)
    limits = None if box is None else view_limits(field, box, plane=plane)
    # A box of the plane's own coordinates does not say where to search.
    search = None if R == 1 or np.shape(box) != (R, 2) else box
    points = check_count("points", points, 2)
    u = field.input_vector(inputs)
    given = dict(zip(field.inputs, u.tolist()))
    if trajectories is not None:
        trajectories = as_array("trajectories", trajectories, (None, None, R), "(B, T, R)", finite=False)
    if attractors is not None:
        fixed_points = attractors.fixed_points
    if fixed_points is None:
        fixed_points = find_fixed_points(field, inputs, search)
    if R > 1 and attractors is None and detail:
        attractors = find_attractors(field, inputs, search, fixed_points)
    if limits is None:
        limits = view_limits(field, None, fixed_points, attractors, trajectories, plane)
    common = {
        "inputs": given, "state": field.state, "source": field.source, "box": limits, "speed": speed,
        "attractors": attractors, "trajectories": trajectories, "plane": plane,
    }  # fmt: skip
    if R == 1:
        kappa = np.linspace(*limits[0], points)
        flow = values_at(field, kappa[:, None], u)[:, 0]
        return PhasePortrait(kappa, flow, fixed_points, potential=_potential(field, u, kappa, flow), **common)
    manifolds = ()
    if attractors is not None and plane is None:
        manifolds = invariant_manifolds(field, attractors, limits)
    if R > 2 and plane is None:
        places = cover(limits, PLACES)
        lines = trajectories_in(field, u, limits, attractors)
        return PhasePortrait(
            places, values_at(field, places, u), fixed_points, manifolds=manifolds, streamlines=lines,
            speeds=speeds_along(field, u, lines), **common,
        )  # fmt: skip
    view = whole_plane(field.state) if plane is None else plane
    places = view.states(_grid(limits))
    lines = plane_streamlines(field, u, limits, view)
    along = [view.states(line) for line in lines]
    return PhasePortrait(
        places, values_at(field, places, u), fixed_points, streamlines=lines,
        speeds=speeds_along(field, u, along, view if speed == "plane" else None),
        nullclines=find_nullclines(field, u, limits, FINE if detail else ROUGH, view), manifolds=manifolds,
        basins=find_basins(field, attractors, limits, manifolds, view) if attractors else None, **common,
    )  # fmt: skip


def _potential(field, u, kappa, flow):
    """Simpson's rule between neighbouring places."""
    middle = values_at(field, (0.5 * (kappa[1:] + kappa[:-1]))[:, None], u)[:, 0]
    pieces = np.diff(kappa) / 6 * (flow[:-1] + 4 * middle + flow[1:])
    potential = -np.concatenate([[0.0], np.cumsum(pieces)])
    return potential - np.nanmin(potential) if np.isfinite(potential).any() else potential


def _grid(limits):
    axes = [np.linspace(low, high, ARROWS) for low, high in limits]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def _count(things, word):
    return f"{len(things)} {word}{'s' * (len(things) != 1)}"
