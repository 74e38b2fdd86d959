"""What a curve hands to kernels, and what it hands back: derivatives at a point, a walk along it."""

import functools
from typing import NamedTuple

import numpy as np

from dynsys.numerics import taylor
from dynsys.numerics.signatures import FIELD_TYPE, TAYLOR_TYPE, address


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
    """The functions of a field as kernels take them; ``taylor`` stands in where there is none.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> functions = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))).functions
    >>> addresses(functions).rhs is address(functions.rhs, FIELD_TYPE)
    True
    """
    names = ("rhs", "jacobian", "parameter_jacobian", "outputs")
    found = {name: address(getattr(functions, name), FIELD_TYPE) for name in names}
    return functions._replace(**found, taylor=address(functions.taylor or taylor.run, TAYLOR_TYPE))
