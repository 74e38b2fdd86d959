"""The equations of cycles along one parameter: what their continuation calls, around the compiled kernels.

A point of the branch is (mesh, y), y = (orbit, T, p) as in `dynsys.numerics.collocation_basis`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynsys.analysis.curve import Curve
from dynsys.numerics import collocation_walk
from dynsys.numerics.collocation import CORRECT_TYPE, correct
from dynsys.numerics.collocation_basis import carry_over, metric, spread_evenly
from dynsys.numerics.floquet import monodromy_blocks
from dynsys.numerics.signatures import FIELD_TYPE, address

# Steps in units of the scale: first, longest, shortest.
FIRST_STEP, LONGEST_STEP, SHORTEST_STEP = 2e-2, 0.15, 1e-8
# How far the state may go beyond where it starts, in units of its scale.
REACH = 50.0


class Solution(NamedTuple):
    """A cycle that was found: y, tangent, M_j (N, n, n), determinant as (sign, log), multipliers."""

    y: np.ndarray
    tangent: np.ndarray
    matrices: np.ndarray
    determinant: np.ndarray
    multipliers: np.ndarray


@dataclass
class Rows:
    """A walk along a branch: one row for each cycle; ``seed`` is 1 where row 0 is a fixed point."""

    meshes: np.ndarray
    points: np.ndarray
    tangents: np.ndarray
    multipliers: np.ndarray
    determinants: np.ndarray
    lengths: np.ndarray
    seed: int = 0

    def __len__(self):
        return len(self.points)

    def first(self, count):
        """The first rows only."""
        names = ("meshes", "points", "tangents", "multipliers", "determinants", "lengths")
        return Rows(*(getattr(self, name)[:count] for name in names), self.seed)


@dataclass(frozen=True, eq=False)
class CycleCurve:
    """Cycles of a field along one parameter.

    Parameters
    ----------
    curve : Curve
        The field, the parameter, its span.
    scale : ndarray (n + 1,)
        Units of states and parameter.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(*np.ones((2, 4, 2)), np.zeros(4), np.ones(4)))
    >>> curve = make_curve(field, "gain", (0, 2))
    >>> CycleCurve(curve, curve.scale).n
    2
    """

    curve: Curve
    scale: np.ndarray

    @property
    def n(self):
        """int : number of state variables."""
        return self.curve.n

    def weights(self, mesh, y):
        """Weights of the inner product at a point."""
        out = np.empty(y.size)
        metric(mesh, self.scale, y[-2], out)
        return out

    def unit(self, mesh, y, direction):
        """A direction at a point, of length one."""
        return direction / np.sqrt(self.weights(mesh, y) @ direction**2)

    def solve(self, mesh, base, direction, length=0.0, guess=None, seed=0):
        """The cycle at an arclength from a point; None where Newton's method fails.

        Parameters
        ----------
        mesh : ndarray (N + 1,)
            The mesh of all of them.
        base, direction : ndarray
            Where from, and the unit direction.
        length : float
            The arclength.
        guess : ndarray, optional
            Where to begin; along the direction if left out.
        seed : int
            1 where ``base`` is a fixed point.

        Returns
        -------
        Solution or None
        """
        y = np.array(base + length * direction if guess is None else guess)
        tangent, matrices, size = np.empty(y.size), np.empty((mesh.size - 1, self.n, self.n)), np.empty(2)
        count = correct(
            *self._system(), np.ascontiguousarray(mesh), np.array(base), np.array(direction), float(length),
            seed, y, tangent, matrices, size,
        )  # fmt: skip
        if count < 0 or not np.isfinite(y).all():
            return None
        return Solution(y, tangent, matrices, size, self.multipliers(matrices))

    def at_parameter(self, mesh, guess):
        """The cycle near a guess, at the guess's own parameter; None if there is none."""
        direction = np.zeros(guess.size)
        direction[-1] = self.scale[-1]
        return self.solve(mesh, guess, direction)

    def multipliers(self, matrices):
        """Floquet multipliers (n,) of a chain M_j (N, n, n)."""
        blocks = np.empty((self.n, self.n))
        monodromy_blocks(np.ascontiguousarray(matrices), np.eye(self.n), blocks)
        return sorted_multipliers(blocks[None])[0]

    def remesh(self, mesh, y, intervals, *others):
        """A point, and directions at it, on a mesh that fits it: mesh, y, directions."""
        fresh = np.empty(intervals + 1)
        spread_evenly(np.ascontiguousarray(mesh), np.ascontiguousarray(y), self.scale, fresh)
        moved = np.empty((1 + len(others), (4 * intervals + 1) * self.n + 2))
        for source, target in zip((y, *others), moved):
            carry_over(np.ascontiguousarray(mesh), np.ascontiguousarray(source), fresh, target)
        return fresh, *moved

    def walk(self, mesh, y, tangent, multipliers, max_points, seed=0, first=FIRST_STEP):
        """Follow the branch from a point one way; a generator that stops for a look every few steps.

        Parameters
        ----------
        mesh, y, tangent : ndarray
            Where from, and the unit direction.
        multipliers : ndarray of complex (n,)
            Of the start.
        max_points : int
            Limit on the rows.
        seed : int
            1 where the start is a fixed point.
        first : float
            First step.

        Yields
        ------
        Rows, int
            Everything so far, and how the walk stands (`dynsys.numerics.collocation_walk`).
        """
        n, size, N = self.n, y.size, mesh.size - 1
        M = max_points
        meshes, points, tangents = np.empty((M, N + 1)), np.empty((M, size)), np.empty((M, size))
        blocks, determinants, lengths = np.zeros((M, n, n)), np.zeros((M, 2)), np.zeros(M)
        found = np.empty((M, n), dtype=complex)
        meshes[0], points[0], tangents[0], found[0] = mesh, y, tangent, multipliers
        bounds = REACH * self.scale[:n] + np.abs(self.orbit(y)).max(axis=0)
        settings = np.array([first, LONGEST_STEP, SHORTEST_STEP, collocation_walk.MIN_COSINE, *bounds])
        basis, state = np.eye(n), np.ones(1, dtype=int)
        outcome, count = collocation_walk.GOING, 1
        while outcome == collocation_walk.GOING and count < M:
            outcome = collocation_walk.walk(
                address(correct, CORRECT_TYPE), *self._system(), self.curve.span[0].copy(), settings, seed,
                count, min(count + LOOK, M), meshes, points, tangents, blocks, determinants, lengths, basis,
                state,
            )  # fmt: skip
            fresh = slice(count, int(state[0]))
            found[fresh] = sorted_multipliers(blocks[fresh])
            count = int(state[0])
            rows = (meshes, points, tangents, found, determinants, lengths)
            yield Rows(*(each[:count] for each in rows), seed), outcome

    def orbit(self, y):
        """The states (4 N + 1, n) of a point."""
        return y[:-2].reshape(-1, self.n)

    def _system(self):
        functions, curve = self.curve.field.functions, self.curve
        names = ("rhs", "jacobian", "parameter_jacobian")
        return (
            *(address(getattr(functions, name), FIELD_TYPE) for name in names), curve.inputs.copy(),
            np.array(curve.field.values), np.array([len(curve.field.continuable), curve.columns[0]]),
            self.scale,
        )  # fmt: skip


# Steps between looks.
LOOK = 16


def sorted_multipliers(blocks):
    """Eigenvalues of blocks (M, n, n) by decreasing modulus, (M, n).

    Examples
    --------
    >>> sorted_multipliers(np.array([[[0.5, 0.0], [0.0, -3.0]]]))
    array([[-3. +0.j,  0.5+0.j]])
    """
    finite = np.isfinite(blocks).all(axis=(1, 2))
    values = np.linalg.eigvals(np.where(finite[:, None, None], blocks, 0.0)).astype(complex)
    values[~finite] = np.nan
    return np.take_along_axis(values, np.lexsort((-values.imag, -np.abs(values).round(12))), axis=1)


def stable_rows(multipliers, neutral):
    """Which rows of multipliers (M, n) have all nontrivial ones inside the unit circle by ``neutral``.

    Examples
    --------
    >>> stable_rows(np.array([[1.0, 0.5], [3.0, 1.0]]), 1e-6)
    array([ True, False])
    """
    return (np.abs(nontrivial(multipliers)) < 1 - neutral).all(axis=1)


def nontrivial(multipliers):
    """Multipliers (M, n) without the one nearest to 1 in each row, (M, n - 1).

    Examples
    --------
    >>> nontrivial(np.array([[3.0, 1.0, 0.5]]))
    array([[3. , 0.5]])
    """
    keep = np.ones(multipliers.shape, dtype=bool)
    keep[np.arange(len(multipliers)), np.abs(multipliers - 1).argmin(axis=1)] = False
    return multipliers[keep].reshape(len(multipliers), -1)
