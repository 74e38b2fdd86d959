"""What a curve hands to kernels, and what it hands back: derivatives at a point, a walk along it."""

import functools
from typing import NamedTuple

import numpy as np

from dynsys.numerics import taylor
from dynsys.numerics.extended import ADVANCE_TYPE, TESTS, advance
from dynsys.numerics.pseudo_arclength import CLOSED_LOOP, join
from dynsys.numerics.signatures import field_table


class Expansion(NamedTuple):
    """Derivatives of F in the state, and in the first free parameter, at a point (x, p) in natural units.

    jacobian (n, n), slope F_p (n,), second (n, n + 1, n + 1) in (x, p), third (n, n, n, n) in x; modes as of
    `dynsys.analysis.eigenvalues.spectrum`.
    """

    x: np.ndarray
    p: float
    jacobian: np.ndarray
    slope: np.ndarray
    second: np.ndarray
    third: np.ndarray
    modes: np.ndarray


class Walk(NamedTuple):
    """Points along a curve in scaled units, (M, m), with tangents, tests (M, 7) and null vectors.

    arcs (M,) are the distances from the first point, along the chords.
    """

    points: np.ndarray
    tangents: np.ndarray
    tests: np.ndarray
    vectors: np.ndarray
    arcs: np.ndarray


class TwoWalks(NamedTuple):
    """What `dynsys.numerics.pseudo_arclength.walk` fills: the walks along and against a tangent."""

    points: np.ndarray
    tangents: np.ndarray
    tests: np.ndarray
    vectors: np.ndarray
    outcomes: np.ndarray
    counts: np.ndarray

    @classmethod
    def from_start(cls, y, tangent, max_points, width):
        """Room for walks from a point (m,) along a tangent, with null vectors if their ``width`` is not 0."""
        points, tangents = np.empty((2, 2, max_points, y.size))
        points[0, 0], tangents[0, 0] = y, tangent
        vectors = np.empty((2, max_points if width else 1, width or 2))
        outcomes, counts = np.zeros((2, 2), dtype=int)
        return cls(points, tangents, np.empty((2, max_points, TESTS)), vectors, outcomes, counts)

    def joined(self):
        """The whole as a `Walk` in the direction of the tangent; None without points."""
        ahead, behind = self.counts.tolist()
        if ahead == 0:
            return None
        if self.outcomes[0] == CLOSED_LOOP:
            for each in self[:3]:
                each[0, ahead - 1] = each[0, 0]
        count, own = ahead + max(behind - 1, 0), self[:4]
        whole = [np.empty((count if each.shape[1] > 1 else 0, each.shape[2])) for each in own]
        arcs = np.empty(count)
        join(*own, self.counts, *whole, arcs)
        return Walk(*whole, arcs)


@functools.lru_cache(maxsize=128)
def addresses(functions):
    """A field's functions as kernels take them, then `advance`; ``taylor`` stands in where there is none.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> functions = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))).functions
    >>> addresses(functions).shape
    (6,)
    """
    return field_table(functions, functions.taylor or taylor.run, (advance, ADVANCE_TYPE))
