"""Stable and unstable manifolds of saddles, as lines of points.

A one-dimensional manifold starts from its expansion of order three in the distance s along the eigenvector,

    W(s) = x* + s v + s^2 h + s^3 g,    (2 lambda - A) h = B(v, v) / 2,    (3 lambda - A) g = B(v, h) + C(v,
    v, v) / 6,

as far out as F(W) = lambda s W'(s) holds to rounding, and is then integrated, backwards in time for a
stable one, until it leaves the box or ends at an attractor, a source or another saddle. Of a manifold of
more dimensions a bundle of trajectories is drawn.
"""

from dataclasses import dataclass

import numpy as np

from dynsys.analysis.flow import system_of, values_at
from dynsys.numerics.paths import run_path
from tasks.results import keep_arrays

RTOL = 1e-11
MAX_STEPS, MAX_TIME, MAX_POINTS = 4000, 1e6, 6000
# Distance of neighbouring points; how far the expansion may reach, and how well it must hold; shares of the
# box.
SPACING, FARTHEST, NEAREST, HOLDS = 1 / 200, 0.02, 1e-5, 1e-12
# A manifold this near another point ends there; regions of capture are shrunk, so that lines reach their
# ends.
ARRIVED, SHRINK = 1e-5, 1e-3
# Lines are followed beyond the box by this share of it on every side.
AROUND = 0.5
# Trajectories of a manifold of two or more dimensions.
BUNDLE = 16


@dataclass(frozen=True, eq=False, repr=False)
class Manifold:
    """One branch of the stable or unstable manifold of a saddle.

    Parameters
    ----------
    points : ndarray (M, R)
        States along it, from the saddle outwards.
    time : ndarray (M,)
        Time of each, 0 where the integration starts; it falls along a stable manifold.
    stable : bool
        Whether it is of the stable manifold.
    saddle : int
        Number of the saddle among the fixed points.
    end : str
        Where it goes to (a stable one: comes from): "attractor", "source", "saddle", "box" or "open".
    target : int or None
        Number of that attractor (as in `Attractors`) or fixed point.
    dimension : int
        Dimension of the whole manifold.

    Examples
    --------
    >>> Manifold(np.zeros((2, 2)), np.arange(2.0), False, 1, "attractor", 0)
    Manifold(unstable, of fixed point 1 to attractor 0, 2 points)
    """

    points: np.ndarray
    time: np.ndarray
    stable: bool
    saddle: int
    end: str
    target: int | None = None
    dimension: int = 1

    def __post_init__(self):
        keep_arrays(self, points=float, time=float)

    def __repr__(self):
        kind = "stable" if self.stable else "unstable"
        target = "" if self.target is None else f" {self.target}"
        way = "from" if self.stable else "to"
        ends = f"of fixed point {self.saddle} {way} {self.end}{target}"
        return f"Manifold({kind}, {ends}, {len(self.points)} points)"


def invariant_manifolds(field, attractors, box=None, stable=True, unstable=True):
    """Both branches of the manifolds of every saddle.

    Parameters
    ----------
    field : Field
        The field.
    attractors : Attractors
        From `find_attractors`; its fixed points are the saddles and the ends.
    box : ndarray (R, 2), optional
        Where manifolds end, with half as much again on every side, since some come back; where the fixed
        points were searched if left out.
    stable, unstable : bool
        Which to follow.

    Returns
    -------
    tuple of Manifold

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.attractors import find_attractors
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> field = compile_field(System([x, x**2 - y], [x, y]))  # unstable manifold y = x^2 / 3
    >>> lines = invariant_manifolds(field, find_attractors(field, box=[[-1, 1], [-1, 1]]), stable=False)
    >>> [bool(abs(line.points[:, 1] - line.points[:, 0] ** 2 / 3).max() < 1e-8) for line in lines]
    [True, True]
    """
    u = field.input_vector(attractors.inputs)
    box = np.array(attractors.fixed_points.box if box is None else box, dtype=float)
    box = box + AROUND * (box[:, 1] - box[:, 0])[:, None] * [-1, 1]
    lines = []
    for number, point in enumerate(attractors.fixed_points):
        if point.kind != "saddle":
            continue
        for wanted, sign in ((stable, -1.0), (unstable, 1.0)):
            chosen = [k for k in range(field.dimension) if sign * point.eigenvalues[k].real > 0]
            if not wanted or not chosen:
                continue
            starts = _line_starts if len(chosen) == 1 else _bundle_starts
            ends = _ends(field, attractors, number, sign, box)
            room = attractors.room if sign > 0 and field.box is not None else box
            for first in starts(field, u, point, chosen, sign, box):
                lines.append(_follow(field, u, number, sign, first, ends, box, room, len(chosen)))
    return tuple(lines)


def _ends(field, attractors, number, sign, box):
    """Regions that end a line: of attractors (or sources) and of the other fixed points; and who they are."""
    regions, widths = attractors.regions, box[:, 1] - box[:, 0]
    names = []
    centers, shapes, owners = [np.empty((0, field.dimension))], [], []
    if sign > 0 and len(regions.owners):
        centers.append(regions.centers)
        shapes += [shape / SHRINK**2 for shape in regions.shapes[: len(attractors.points)]]
        shapes += list(regions.shapes[len(attractors.points) :])
        owners += list(regions.owners)
    names += [("attractor", k) for k in range(len(attractors))]
    ball = np.diag(1 / (ARRIVED * widths) ** 2)
    for k, point in enumerate(attractors.fixed_points):
        gone = point.kind == "saddle" or (sign < 0 and point.kind.startswith("unstable"))
        if gone or point.kind == "non-hyperbolic":
            centers.append(point.kappa[None])
            shapes.append(ball)
            owners.append(len(names))
            names.append(("source" if point.kind.startswith("unstable") else "saddle", k))
    shapes = np.array(shapes).reshape(-1, field.dimension, field.dimension)
    return np.concatenate(centers), shapes, np.array(owners, dtype=np.int64), names


def _line_starts(field, u, point, chosen, sign, box):
    """The two expansions, each as states from the saddle out to where integration starts."""
    widths = box[:, 1] - box[:, 0]
    rate = point.eigenvalues[chosen[0]].real
    v = point.eigenvectors[:, chosen[0]].real
    v = v / np.abs(v / widths).max()
    h, g = _expansion(field, u, point.kappa, v, rate)
    for side in (1.0, -1.0):
        reach = FARTHEST
        while reach > NEAREST:
            s = side * reach
            state = point.kappa + s * v + s**2 * h + s**3 * g
            along = rate * s * (v + 2 * s * h + 3 * s**2 * g)
            miss = np.abs((values_at(field, state[None], u)[0] - along) / widths).max()
            if miss <= HOLDS * max(1.0, abs(rate)):
                break
            reach *= 0.5
        s = side * reach * np.linspace(0, 1, 9)[:, None]
        yield point.kappa + s * v + s**2 * h + s**3 * g


def _expansion(field, u, kappa, v, rate):
    jacobian = values_at(field, kappa[None], u, "jacobian")[0]
    second = lambda q: field.directional(kappa, q, u)[0]  # noqa: E731
    identity = np.eye(len(v))
    twice, thrice = field.directional(kappa, v, u)
    if not np.isfinite([twice, thrice]).all():
        return np.zeros_like(v), np.zeros_like(v)
    h = np.linalg.lstsq(2 * rate * identity - jacobian, 0.5 * twice, rcond=1e-10)[0]
    mixed = 0.25 * (second(v + h) - second(v - h))
    g = np.linalg.lstsq(3 * rate * identity - jacobian, mixed + thrice / 6, rcond=1e-10)[0]
    return h, g


def _bundle_starts(field, u, point, chosen, sign, box):
    """States on a small sphere in the eigenspace, spread evenly."""
    widths = box[:, 1] - box[:, 0]
    vectors = point.eigenvectors[:, chosen]
    basis = np.linalg.svd(np.column_stack([vectors.real, vectors.imag]) / widths[:, None])[0][
        :, : len(chosen)
    ]
    if len(chosen) == 2:
        angles = 2 * np.pi * np.arange(BUNDLE) / BUNDLE
        directions = np.column_stack([np.cos(angles), np.sin(angles)])
    else:
        directions = np.random.default_rng(0).standard_normal((BUNDLE * len(chosen), len(chosen)))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for direction in directions:
        yield np.array([point.kappa, point.kappa + 1e-4 * widths * (basis @ direction)])


def _follow(field, u, number, sign, first, ends, box, room, dimension):
    centers, shapes, owners, names = ends
    widths = box[:, 1] - box[:, 0]
    points, times = np.empty((MAX_POINTS, field.dimension)), np.empty(MAX_POINTS)
    end = np.empty(1, dtype=np.int64)
    count = run_path(
        *system_of(field, u), np.array(first[-1]), sign * MAX_TIME, RTOL, widths, MAX_STEPS, SPACING, room,
        centers, shapes, owners, points, times, end,
    )  # fmt: skip
    name, target = names[end[0]] if end[0] >= 0 else ("open", None)
    if end[0] in (-2, -3):
        name = "box"
    line = np.concatenate([first[:-1], points[:count]])
    if name in ("source", "saddle"):
        line = np.concatenate([line, centers[owners == end[0]][:1]])
        times[count : count + 1] = times[count - 1]
        count += 1
    time = np.concatenate([np.zeros(len(first) - 1), times[:count]])
    return Manifold(line, time, sign < 0, number, name, target, dimension)
