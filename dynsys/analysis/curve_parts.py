"""What a curve hands to kernels, and what it hands back: derivatives at a point, a walk along it."""

import functools
from typing import NamedTuple

import numpy as np

from dynsys.numerics import taylor
from dynsys.numerics.extended import ADVANCE_TYPE, advance
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
    """Points along a curve in scaled units, (M, m), with tangents, tests (M, 7), null vectors and its end.

    arcs (M,) are the distances from the first point, along the chords.
    """

    points: np.ndarray
    tangents: np.ndarray
    tests: np.ndarray
    vectors: np.ndarray
    outcome: int
    arcs: np.ndarray = None


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
