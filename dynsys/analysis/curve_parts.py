"""What a curve hands back: derivatives at a point, and a walk along it."""

from typing import NamedTuple

import numpy as np


class Expansion(NamedTuple):
    """Derivatives of F in the state, and in the first free parameter, at a point (x, p) in natural units.

    jacobian (n, n), slope F_p (n,), second (n, n + 1, n + 1) in (x, p), third (n, n, n, n) in x.
    """

    x: np.ndarray
    p: float
    jacobian: np.ndarray
    slope: np.ndarray
    second: np.ndarray
    third: np.ndarray


class Walk(NamedTuple):
    """Points along a curve in scaled units, (M, m), with tangents, tests (M, 7), null vectors and its end."""

    points: np.ndarray
    tangents: np.ndarray
    tests: np.ndarray
    vectors: np.ndarray
    outcome: int
