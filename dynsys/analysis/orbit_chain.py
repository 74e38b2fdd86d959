"""Orbits by collocation with two free parameters: their equations, linearised and condensed.

The orbit is that of `dynsys.numerics.collocation`, in units of a scale: y = (u, T, p1, p2, ..), with
u' = T F(u, p) at the Gauss points of each interval. Each interval's inner points are eliminated,

    x_{j+1} = M_j x_j + f_j dT + g_j dp + r_j,

and what is left, with rows of phase, of arclength and of whatever else is asked, is one dense system for the
x_j, dT, dp. The M_j are the flow's derivatives, so the same chain bears the multipliers and their vectors.
"""

from dataclasses import dataclass, replace

import numpy as np

from dynsys.analysis.curve import Curve
from dynsys.analysis.cycle_curve import sorted_multipliers
from dynsys.numerics.collocation_basis import (
    DEGREE,
    PHASE,
    QUADRATURE,
    SLOPES,
    VALUES,
    carry_over,
    sample,
    spread_evenly,
)
from dynsys.numerics.floquet import monodromy_blocks
from tasks.errors import InputError

# Step of differences of the exact Jacobian, in units of the scale.
STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Chain:
    """A field with two free parameters along an orbit, linearised, on one mesh.

    Parameters
    ----------
    curve : Curve
        With two free parameters; its scale is the unit of states and parameters.
    mesh : ndarray (N + 1,)
        Ends of the intervals.
    y : ndarray ((4 N + 1) n + 3 + ..,)
        The orbit, its period and the parameters, scaled (the period is not); what follows is not looked at.

    Notes
    -----
    ``rates, slopes`` (N, 4, n), (N, 4, n, n) are F and F_x at the Gauss points, ``changes`` (N, 4, n, 2) F_p;
    ``parts`` (N, 4 n, n + 4) gives the points 1..4 of an interval from (x_j, dT, dp1, dp2, 1).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> still = lambda name, points, size: np.zeros((len(points), size or 2))
    >>> curve = SimpleNamespace(n=1, scale=np.ones(3), many=still, columns=(0, 1))
    >>> curve.field = SimpleNamespace(continuable=("a", "b"))
    >>> chain = Chain(curve, np.array([0.0, 0.5, 1.0]), np.append(np.ones(9), [1.0, 0.0, 0.0]))
    >>> chain.flows.round(9).ravel(), chain.multipliers()
    (array([1., 1.]), array([1.+0.j]))
    """

    curve: Curve
    mesh: np.ndarray
    y: np.ndarray

    def __post_init__(self):
        curve, n, widths = self.curve, self.curve.n, np.diff(self.mesh)
        N, scale = widths.size, self.curve.scale
        size = (DEGREE * N + 1) * n
        nodes = self.y[:size].reshape(-1, n)
        period, p = float(self.y[size]), self.y[size + 1 : size + 3]
        five = nodes[DEGREE * np.arange(N)[:, None] + np.arange(DEGREE + 1)]
        states = VALUES @ five
        points = np.column_stack([states.reshape(-1, n), np.tile(p, (DEGREE * N, 1))]) * scale
        rates = (curve.many("rhs", points, n) / scale[:n]).reshape(N, DEGREE, n)
        slopes = self._jacobians(points)
        total = len(curve.field.continuable)
        changes = curve.many("parameter_jacobian", points, n * total).reshape(N, DEGREE, n, total)
        changes = changes[..., list(curve.columns)] * scale[n:] / scale[:n, None]
        h = widths[:, None, None]
        left = -(h * period)[..., None, None] * VALUES[:, None, :, None] * slopes[:, :, :, None, :]
        a = np.arange(n)
        left[:, :, a, :, a] += SLOPES
        left = left.reshape(N, DEGREE * n, (DEGREE + 1) * n)
        residual = h * period * rates - SLOPES @ five
        right = np.concatenate(
            [-left[:, :, :n], *(x.reshape(N, DEGREE * n, -1) for x in (h * rates, h[..., None] * period
             * changes, residual))], axis=2,
        )  # fmt: skip
        found = {
            "nodes": nodes, "period": period, "points": points, "widths": widths, "rates": rates,
            "slopes": slopes, "changes": changes, "left": left[:, :, n:], "size": size,
            "parts": np.linalg.solve(left[:, :, n:], right),
        }  # fmt: skip
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @property
    def n(self):
        """int : number of state variables."""
        return self.curve.n

    @property
    def flows(self):
        """ndarray (N, n, n) : the M_j."""
        return self.parts[:, -self.n :, : self.n]

    @property
    def columns(self):
        """ndarray (N, n, 4) : f_j, both g_j, r_j."""
        return self.parts[:, -self.n :, self.n :]

    def multipliers(self):
        """Floquet multipliers (n,), by decreasing modulus."""
        blocks = np.empty((self.n, self.n))
        monodromy_blocks(np.ascontiguousarray(self.flows), np.eye(self.n), blocks)
        return sorted_multipliers(blocks[None])[0]

    def matrix(self, turn=1.0, open_ended=False):
        """The matrix of x_{j+1} - M_j x_j: of x_0 .. x_{N-1} with x_N = turn x_0, or of x_0 .. x_N."""
        N, n = self.flows.shape[:2]
        out = np.zeros((N, n, N + 1, n), dtype=np.result_type(turn, float))
        j, a = np.arange(N), np.arange(n)
        out[j, :, j, :] = -self.flows
        out[j[:, None], a, j[:, None] + 1, a] += 1.0
        if not open_ended:
            out[:, :, 0, :] += turn * out[:, :, N, :]
            out = out[:, :, :N, :]
        return np.ascontiguousarray(out).reshape(N * n, -1)

    def condensed(self, rows):
        """Rows (q, size) over all nodes as rows (q, N n) over x_0 .. x_{N-1} and (q, 4) over (dT, dp, 1)."""
        N, n, q = self.widths.size, self.n, len(rows)
        inner = rows[:, n : self.size].reshape(q, N, DEGREE * n)
        found = np.einsum("qjk,jkc->qjc", inner, self.parts)
        found[:, 0, :n] += rows[:, :n]
        return found[:, :, :n].reshape(q, N * n), found[:, :, n:].sum(axis=1)

    def spread(self, ends, others):
        """All nodes (4 N + 1, n) from x_0 .. x_{N-1}, (N, n), and the factors (4,) of (dT, dp1, dp2, 1)."""
        inner = self.parts[:, :, : self.n] @ ends[:, :, None]
        inner = inner[:, :, 0] + self.parts[:, :, self.n :] @ others
        return np.concatenate([ends[:1], inner.reshape(-1, self.n)])

    def adjoint(self, ends):
        """Factors (N, 4, n) of the equations at the Gauss points from those of the chain, (N, n)."""
        N, n = self.flows.shape[:2]
        right = np.zeros((N, DEGREE * n), dtype=ends.dtype)
        right[:, -n:] = ends
        return np.linalg.solve(np.swapaxes(self.left, 1, 2), right[:, :, None]).reshape(N, DEGREE, n)

    def inside(self, nodes):
        """Values (N, 4, n) at the Gauss points of what is given at the nodes (4 N + 1, n)."""
        N = self.widths.size
        return VALUES @ nodes[DEGREE * np.arange(N)[:, None] + np.arange(DEGREE + 1)]

    def at_nodes(self, inside):
        """The row (size,) over the nodes that a row (N, 4, n) over the Gauss points is."""
        N, n = self.widths.size, self.n
        parts = np.einsum("ci,jca->jia", VALUES, inside)
        out = np.zeros((DEGREE * N + 1, n), dtype=inside.dtype)
        np.add.at(out, DEGREE * np.arange(N)[:, None] + np.arange(DEGREE + 1), parts)
        return out.ravel()

    def bent(self, direction):
        """Change (N, 4, n, n) of F_x along a real direction (N, 4, n) of the state."""
        size = max(np.abs(direction).max(), 1e-300)
        move = np.zeros_like(self.points)
        move[:, : self.n] = (STEP / size) * direction.reshape(-1, self.n) * self.curve.scale[: self.n]
        return (self._jacobians(self.points + move) - self._jacobians(self.points - move)) * size / (2 * STEP)

    def mixed(self):
        """Change (2, N, 4, n, n) of F_x with each parameter."""
        out = []
        for k in (self.n, self.n + 1):
            move = np.zeros(self.points.shape[1])
            move[k] = STEP * self.curve.scale[k]
            out.append(
                (self._jacobians(self.points + move) - self._jacobians(self.points - move)) / (2 * STEP)
            )
        return np.array(out)

    def _jacobians(self, points):
        n, scale = self.n, self.curve.scale[: self.curve.n]
        found = self.curve.many("jacobian", points, n * n).reshape(-1, DEGREE, n, n)
        return found * scale / scale[:, None]


def orbit_weights(mesh, n, period, others=2):
    """Weights of the inner product of (u, T, p, ..): the mean over the turn, T in units of ``period``.

    Examples
    --------
    >>> orbit_weights(np.array([0.0, 1.0]), 1, 2.0).round(3)
    array([0.078, 0.356, 0.133, 0.356, 0.078, 0.25 , 1.   , 1.   ])
    """
    N = mesh.size - 1
    nodes = np.zeros(DEGREE * N + 1)
    places = DEGREE * np.arange(N)[:, None] + np.arange(DEGREE + 1)
    np.add.at(nodes, places, np.diff(mesh)[:, None] * QUADRATURE)
    return np.concatenate([np.repeat(nodes, n), [period**-2], np.ones(others)])


def phase(nodes):
    """The unit row over the nodes (4 N + 1, n) that is int du . u' dt.

    Examples
    --------
    >>> phase(np.arange(5.0)[:, None]).round(2)  # of a straight line: the mean of du
    array([0.15, 0.67, 0.25, 0.67, 0.15])
    """
    N, n = (len(nodes) - 1) // DEGREE, nodes.shape[1]
    places = DEGREE * np.arange(N)[:, None] + np.arange(DEGREE + 1)
    out = np.zeros((DEGREE * N + 1, n))
    np.add.at(out, places, PHASE @ nodes[places])
    return out.ravel() / np.linalg.norm(out)


def remeshed(mesh, nodes, intervals, *others):
    """A mesh that fits an orbit (4 N + 1, n), the orbit on it, and other functions on the same nodes.

    Examples
    --------
    >>> line = np.arange(5.0)[:, None]
    >>> mesh, moved, twice = remeshed(np.array([0.0, 1.0]), line, 2, 2 * line)
    >>> mesh, moved[4], twice[4]
    (array([0. , 0.5, 1. ]), array([2.]), array([4.]))
    """
    n, fresh, mesh = nodes.shape[1], np.empty(intervals + 1), np.ascontiguousarray(mesh)
    rows = [np.append(each, [0.0, 0.0]) for each in (nodes, *others)]
    spread_evenly(mesh, rows[0], np.ones(n + 1), fresh)
    moved = np.empty((len(rows), (DEGREE * intervals + 1) * n + 2))
    for source, target in zip(rows, moved):
        carry_over(mesh, source, fresh, target)
    return fresh, *moved[:, :-2].reshape(len(rows), -1, n)


def sampled(mesh, nodes, times):
    """States (K, n) of an orbit (4 N + 1, n) at times in [0, 1].

    Examples
    --------
    >>> sampled(np.array([0.0, 1.0]), np.arange(5.0)[:, None], np.array([0.5])).ravel()
    array([2.])
    """
    out = np.empty((1, len(times), nodes.shape[1]))
    row = np.append(nodes.ravel(), [0.0, 0.0])[None]
    sample(np.ascontiguousarray(mesh), row, np.ascontiguousarray(times), out)
    return out[0]


def in_units_of_cycle(curve, cycle):
    """A curve whose state is measured by the size of a cycle from `continue_cycles`.

    Parameters
    ----------
    curve : Curve
        The equations.
    cycle : Cycle
        With the points of its mesh.

    Returns
    -------
    Curve

    Raises
    ------
    InputError
        The cycle has other coordinates than the field.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from dynsys.analysis import compile_field
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.symbolic import System
    >>> curve = make_curve(compile_field(System.from_text("x' = y; y' = -p x; p = 1")), "p", (0, 2))
    >>> angles = np.linspace(0, 2 * np.pi, 9)
    >>> circle = SimpleNamespace(points=3 * np.column_stack([np.sin(angles), np.cos(angles)]))
    >>> in_units_of_cycle(curve, circle).scale
    array([3., 3., 2.])
    """
    n = curve.n
    if cycle.points.shape[1] != n or len(cycle.points) % DEGREE != 1:
        raise InputError(f"point: its cycle has other coordinates than the {n} of this field")
    size = 0.5 * np.ptp(cycle.points, axis=0)
    scale = curve.scale.copy()
    scale[:n] = np.maximum(size, 0.1 * size.max())
    return replace(curve, scale=scale)
