"""Lines along the flow that a portrait draws: streamlines in a plane, trajectories in more dimensions."""

import numpy as np

from dynsys.analysis.capture import no_regions
from dynsys.analysis.cover import cover
from dynsys.analysis.flow import system_of, values_at
from dynsys.numerics.paths import run_path
from dynsys.numerics.plane import streamlines

# Streamlines: cells of the marks and seeds along each side, the shortest line; trajectories in space.
MARKS, SEEDS, SHORTEST, TRAJECTORIES = 30, 24, 0.12, 40


def plane_streamlines(field, u, limits, plane):
    """Streamlines of the flow along a plane, evenly spaced, as lines (L, 2) in its coordinates.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.analysis.planes import whole_plane
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> field, box = compile_field(System([-x, -y], [x, y])), np.array([[-1.0, 1.0]] * 2)
    >>> len(plane_streamlines(field, np.zeros(0), box, whole_plane(field.state))) > 10
    True
    """
    seeds = cover(limits, SEEDS * SEEDS)
    marks = np.zeros((MARKS, MARKS), dtype=np.int64)
    points, offsets = np.empty((200_000, 2)), np.zeros(len(seeds) + 1, dtype=np.int64)
    rhs, _, inputs, params = system_of(field, u)
    origin, basis = np.array(plane.origin), np.array(plane.basis)
    count = streamlines(rhs, inputs, params, origin, basis, limits, seeds, SHORTEST, marks, points, offsets)
    return tuple(points[offsets[i] : offsets[i + 1]].copy() for i in range(count))


def trajectories_in(field, u, limits, attractors=None):
    """Trajectories (L, R) from a cover of starts, until an attractor has them, or for long enough.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x, y, z = sympy.symbols("x y z")
    >>> field = compile_field(System([-x, -y, -z], [x, y, z]))
    >>> len(trajectories_in(field, np.zeros(0), np.array([[-1.0, 1.0]] * 3)))
    40
    """
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


def speeds_along(field, u, lines, plane=None):
    """Length of F along lines of states (L, R), or of its part along a plane.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> decay = reduced_field(LowRankRNN(np.ones(4), np.zeros(4), np.zeros(4), np.ones(4)))  # F = -kappa
    >>> speeds_along(decay, np.zeros(1), [np.array([[1.0], [2.0]])])
    (array([1., 2.]),)
    """
    if not lines:
        return ()
    flow = values_at(field, np.concatenate(lines), u)
    flow = flow if plane is None else plane.project(flow)
    largest = np.abs(flow).max(axis=1, keepdims=True)  # its square may overflow where it does not
    with np.errstate(invalid="ignore"):
        speeds = np.linalg.norm(flow / np.where(largest > 0, largest, 1.0), axis=1) * largest[:, 0]
    return tuple(np.split(speeds, np.cumsum([len(line) for line in lines])[:-1]))
