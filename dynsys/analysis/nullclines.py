"""Nullclines of a planar field: the curves F_1 = 0 and F_2 = 0, as separate smooth segments.

In a plane through more dimensions: of the flow along it, b_c . F = 0 (see `dynsys.analysis.planes`).

Marching squares on a grid finds every crossing of an edge, linear interpolation places it, Newton's method
along the gradient puts it onto the curve. Where two branches of one nullcline cross, its gradient vanishes:
those points are found first, and segments end there, so that no branch turns into another.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import minimum_filter

from dynsys.analysis.flow import system_of
from dynsys.analysis.planes import flow_along, whole_plane
from dynsys.numerics.plane import polish
from tasks.results import keep_arrays

# Cells along each side. An odd offset of the grid keeps it off curves that lie along an axis.
CELLS = 100
# A crossing of branches: the value there, as a share of how far it varies over a cell around.
CROSSING = 1e-6
NEWTON_STEPS, BISECTIONS = 12, 40


@dataclass(frozen=True, eq=False, repr=False)
class Nullcline:
    """One segment of a nullcline.

    Parameters
    ----------
    points : ndarray (M, 2)
        Points on the curve, in order; closed curves have the first again at the end.
    component : int
        Which equation (component of the flow along the plane) vanishes, counted from 0.

    Examples
    --------
    >>> Nullcline(np.zeros((5, 2)), 0).closed
    True
    """

    points: np.ndarray
    component: int

    def __post_init__(self):
        keep_arrays(self, points=float)

    @property
    def closed(self):
        """bool : whether it ends where it starts."""
        return bool((self.points[0] == self.points[-1]).all())

    def __repr__(self):
        return f"Nullcline(of equation {self.component}, {len(self.points)} points)"


def find_nullclines(field, u, box, cells=CELLS, plane=None):
    """All segments of both nullclines in a box.

    Parameters
    ----------
    field : Field
        A planar field, or one of more dimensions with a plane.
    u : ndarray (S,)
        Inputs.
    box : ndarray (2, 2)
        Lower and upper bounds.
    cells : int, default 100
        Cells of the grid along each side; features smaller than a cell may be missed.
    plane : Plane, optional
        From `make_plane`; a planar field needs none.

    Returns
    -------
    tuple of Nullcline

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> cross = compile_field(System([x * y, x + y - 1], [x, y]))  # x y = 0 has four arms
    >>> [line.component for line in find_nullclines(cross, np.zeros(0), np.array([[-1.0, 1], [-1, 1]]))]
    [0, 0, 0, 0, 1]
    """
    box = np.asarray(box, dtype=float)
    view = field, u, whole_plane(field.state) if plane is None else plane
    step = (box[:, 1] - box[:, 0]) / cells
    axes = [box[c, 0] + step[c] * np.clip(np.arange(cells + 1) + 1e-3, 0, cells) for c in range(2)]
    x, y = np.meshgrid(*axes, indexing="ij")
    places = np.column_stack([x.ravel(), y.ravel()])
    values = flow_along(*view, places).reshape(cells + 1, cells + 1, 2)
    slopes = flow_along(*view, places, "jacobian").reshape(cells + 1, cells + 1, 2, 2)
    lines = []
    for component in range(2):
        F = values[..., component]
        if np.nanmax(np.abs(F), initial=0.0) == 0.0:
            continue
        crossings = _crossings(view, component, axes, slopes[:, :, component], F, step)
        lines += _trace(view, component, axes, F, step, crossings)
    return tuple(lines)


def _crossings(view, component, axes, gradient, F, step):
    """Points where branches of one nullcline cross: F and its gradient vanish, a saddle of F.

    Where F or a slope is not finite, or a product overflows, there is none to be found.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(gradient * step).sum(axis=-1)
        size = np.where(np.isfinite(size), size, np.inf)
        low = (size == minimum_filter(size, 3, mode="nearest")) & (np.abs(F) <= 4 * size + 1e-300)
    found = []
    for i, j in np.argwhere(low & np.isfinite(size) & np.isfinite(F))[:200]:
        cell = np.array([axes[0][i], axes[1][j]])
        place, hessian, unit = _stationary(view, component, cell, step)
        if place is None or not np.linalg.det(hessian) < 0:
            continue
        value = flow_along(*view, place[None])[0, component]
        fresh = not any(np.abs((place - other) / step).max() < 1 for other in found)
        if fresh and abs(value) / unit <= CROSSING * np.abs(hessian).max():
            found.append(place)
    return found


def _stationary(view, component, cell, step):
    """Newton's method for a place within two cells where F's gradient vanishes, and the Hessian there.

    The Hessian is per cell and in a unit of F that keeps its determinant from overflowing; that unit is the
    third result. None, None, None where there is no such place.
    """
    place = cell
    for _ in range(NEWTON_STEPS):
        around = np.concatenate([place + 1e-4 * np.diag(step), place - 1e-4 * np.diag(step), place[None]])
        rows = flow_along(*view, around, "jacobian")[:, component]
        largest = np.abs(rows).max()
        if not 0.0 < largest < np.inf:
            return None, None, None
        rows = rows / largest * (step / step.max())
        hessian = (rows[:2] - rows[2:4]) / 2e-4
        move = np.linalg.lstsq(hessian, -rows[4], rcond=1e-10)[0]
        if not np.abs(move).max() <= 5:
            return None, None, None
        place = place + move * step
        if np.abs(move).max() < 1e-10:
            break
    if np.abs((place - cell) / step).max() >= 2 or np.abs(move).max() > 1e-6:
        return None, None, None
    return place, hessian, largest * step.max()


def _trace(view, component, axes, F, step, crossings):
    """Marching squares: points on edges, joined within cells, chained; then cut at crossings and polished."""
    vertices, joints = _march(axes, F, component)
    if not vertices:
        return []
    keys = list(vertices)
    points = np.array([vertices[key] for key in keys])
    missed = np.flatnonzero(np.isnan(_onto(view, component, 1.5 * step, points)))
    points[missed], poles = _bisected(view, component, axes, F, [keys[k] for k in missed])
    poles = {keys[k] for k in missed[poles]}
    vertices = dict(zip(keys, points))
    blocked = set()
    for place in crossings:
        i, j = (int(np.searchsorted(axes[c], place[c])) - 1 for c in range(2))
        blocked |= {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)}
    links = defaultdict(list)
    for cell, first, second in joints:
        if cell not in blocked and first not in poles and second not in poles:
            links[first].append(second)
            links[second].append(first)
    lines = []
    for chain in _chains(links):
        line = np.array([vertices[key] for key in chain])
        if chain[0] != chain[-1]:
            line = _joined(view, component, line, crossings, step)
        lines.append(Nullcline(line, component))
    return lines


def _bisected(view, component, axes, F, edges):
    """Places on edges of the grid where the sign changes, and whether F goes through infinity there."""
    starts = np.array([(i, j) for _, i, j in edges], dtype=int).reshape(-1, 2)
    stops = starts + [(0, 1) if along else (1, 0) for along, _, _ in edges] if edges else starts
    low, high = (np.column_stack([axes[0][ends[:, 0]], axes[1][ends[:, 1]]]) for ends in (starts, stops))
    at_low, at_high = (F[ends[:, 0], ends[:, 1]] for ends in (starts, stops))
    middle, value = low, at_low
    for _ in range(BISECTIONS if edges else 0):
        middle = 0.5 * (low + high)
        value = flow_along(*view, middle)[:, component]
        same = (value >= 0) == (at_low >= 0)
        low, high = np.where(same[:, None], middle, low), np.where(same[:, None], high, middle)
    return middle, ~(np.abs(value) <= np.minimum(np.abs(at_low), np.abs(at_high)))


def _march(axes, F, component):
    """Points of the curve on grid edges by edge, and which of them are joined in which cell."""
    cells = F.shape[0] - 1
    positive = F >= 0
    finite = np.isfinite(F)
    vertices, joints = {}, []
    across = (positive[1:] != positive[:-1]) & finite[1:] & finite[:-1]
    along = (positive[:, 1:] != positive[:, :-1]) & finite[:, 1:] & finite[:, :-1]
    for i, j in np.argwhere(across):
        share = F[i, j] / (F[i, j] - F[i + 1, j])
        vertices[0, i, j] = axes[0][i] + share * (axes[0][i + 1] - axes[0][i]), axes[1][j]
    for i, j in np.argwhere(along):
        share = F[i, j] / (F[i, j] - F[i, j + 1])
        vertices[1, i, j] = axes[0][i], axes[1][j] + share * (axes[1][j + 1] - axes[1][j])
    touched = across[:, :-1] | across[:, 1:] | along[:-1] | along[1:]
    for i, j in np.argwhere(touched[:cells, :cells]):
        # bottom, right, top, left
        edges = [(0, i, j), (1, i + 1, j), (0, i, j + 1), (1, i, j)]
        hit = [edge for edge in edges if edge in vertices]
        if len(hit) == 2:
            joints.append(((i, j), *hit))
        elif len(hit) == 4:
            middle = F[i : i + 2, j : j + 2].sum() >= 0
            low = positive[i, j]
            pairs = ((0, 1), (2, 3)) if middle == low else ((0, 3), (1, 2))
            joints += [((i, j), edges[a], edges[b]) for a, b in pairs]
    return vertices, joints


def _chains(links):
    """Paths through a graph whose nodes have one or two neighbours; a loop ends with its first node."""
    left = {node: list(neighbours) for node, neighbours in links.items()}
    ends = [node for node, neighbours in left.items() if len(neighbours) == 1]
    for start in (*ends, *left):
        if not left[start]:
            continue
        chain = [start]
        while left[chain[-1]]:
            following = left[chain[-1]].pop()
            left[following].remove(chain[-1])
            chain.append(following)
        yield chain


def _joined(view, component, line, crossings, step):
    """A segment that ends beside a crossing is led into it."""
    for place in crossings:
        for end in (0, -1):
            if np.abs((line[end] - place) / step).max() < 2.5:
                between = line[end] + np.linspace(0, 1, 5)[1:-1, None] * (place - line[end])
                between = np.ascontiguousarray(between)
                reached = np.isfinite(_onto(view, component, step, between))
                tail = np.concatenate([between[reached], place[None]])
                line = np.concatenate([line, tail] if end == -1 else [tail[::-1], line])
    return line


def _onto(view, component, reach, points):
    """Put points onto the curve, in place; what is left of their distance, NaN where that is too far."""
    field, u, plane = view
    residuals = np.empty(len(points))
    basis = np.array(plane.basis)
    polish(
        *system_of(field, u), basis[component].copy(), np.array(plane.origin), basis, reach, points, residuals
    )
    return residuals
