"""Regions of capture: neighbourhoods of an attractor from which no trajectory comes back out.

Of a sink x* it is an ellipsoid (x - x*)^T P (x - x*) <= c with A^T P + P A = -1 (Lyapunov, A = DF(x*)), as
large as the derivative of that form along F stays negative on samples of it; of a cycle or a continuum of
points it is a chain of balls. They end integrations early; that F leads inwards is checked, not proved.
"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_continuous_lyapunov

from dynsys.analysis.flow import values_at

# A mode that decays more slowly than this, next to the largest slope of F, holds nothing.
FADING = 1e-13
# Directions in which an ellipsoid is checked, and shells: where F costs little so close that no pair of
# cycles fits between two of them unless it is about to fold; it is shrunk at most so often.
DIRECTIONS, SHELLS, SHRINKINGS = 48, tuple(0.75**k for k in range(22)), 40
SHELLS_CHEAP, CHEAP = tuple(0.95**k for k in range(60)) + tuple(0.045 * 0.75**k for k in range(11)), 200
# Least radius of the balls on a cycle or continuum, as a share of its size; larger where it has gaps.
TUBE = 2e-3
# Most of the way to the nearest other fixed point that an ellipsoid takes.
REACH = 0.6


class Regions(NamedTuple):
    """Regions of capture, as the compiled kernels take them.

    Parameters
    ----------
    centers : ndarray (C, R)
        Centres.
    shapes : ndarray (C, R, R)
        The region is (x - centre)^T shape (x - centre) <= 1.
    owners : ndarray of int (C,)
        Number of the attractor.

    Examples
    --------
    >>> no_regions(2).owners.size
    0
    """

    centers: np.ndarray
    shapes: np.ndarray
    owners: np.ndarray


def no_regions(dimension):
    """Nothing that captures.

    Examples
    --------
    >>> no_regions(2).centers.shape
    (0, 2)
    """
    return Regions(np.empty((0, dimension)), np.empty((0, dimension, dimension)), np.empty(0, dtype=np.int64))


def capture_regions(field, u, sinks, chains=(), others=(), widths=None, direction=1.0):
    """Regions of capture of sinks (owners 0, 1, ...), then of chains of states (the next owners).

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    sinks : sequence of ndarray (R,)
        Stable fixed points (unstable ones when time runs backwards).
    chains : sequence of ndarray (K, R)
        Points of stable cycles or continua, close to each other.
    others : sequence of ndarray (R,)
        Further fixed points, which no ellipsoid may hold.
    widths : ndarray (R,), optional
        Size of the box in each coordinate; 1 if left out.
    direction : float, default 1
        -1 for the flow backwards in time.

    Returns
    -------
    Regions

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> capture_regions(field, np.zeros(1), [np.array([1.915])], others=[np.zeros(1)]).owners
    array([0])
    """
    R = field.dimension
    widths = np.ones(R) if widths is None else np.asarray(widths, dtype=float)
    everything = np.array([*sinks, *others], dtype=float).reshape(-1, R)
    centers, shapes, owners = [], [], []
    for number, sink in enumerate(sinks):
        away = np.abs((everything - sink) / widths).max(axis=1)
        away = away[away > 1e-12]
        shape = _ellipsoid(field, u, sink, min(0.5, REACH * away.min(initial=1.0)), widths, direction)
        if shape is not None:
            centers.append(sink)
            shapes.append(shape)
            owners.append(number)
    for number, chain in enumerate(chains, len(sinks)):
        size = np.ptp(chain, axis=0)
        size = np.maximum(size, 1e-3 * widths * (size / widths).max(initial=1e-9))
        gaps = np.abs(np.diff(chain, axis=0) / size).max(axis=1, initial=0.0)
        ball = np.diag(1 / (max(TUBE, 0.75 * gaps.max(initial=0.0)) * size) ** 2)
        centers.extend(chain)
        shapes.extend([ball] * len(chain))
        owners.extend([number] * len(chain))
    if not owners:
        return no_regions(R)
    return Regions(np.array(centers), np.ascontiguousarray(shapes), np.array(owners, dtype=np.int64))


def _ellipsoid(field, u, sink, reach, widths, direction):
    """Shape of the largest ellipsoid found on whose samples F leads inwards; None where there is none."""
    R = field.dimension
    jacobian = direction * values_at(field, sink[None], u, "jacobian")[0] * widths / widths[:, None]
    if not np.isfinite(jacobian).all():
        return None
    modes = np.linalg.eigvals(jacobian)
    if not (modes.real < -FADING * np.abs(jacobian).max()).all():
        return None
    with warnings.catch_warnings():  # slopes of very different sizes; what comes of them is judged below
        warnings.simplefilter("ignore", RuntimeWarning)
        form = solve_continuous_lyapunov(jacobian.T, -np.eye(R))
    if not (np.linalg.eigvalsh(0.5 * (form + form.T)) > 0).all():  # lost in rounding
        return None
    lower = np.linalg.cholesky(0.5 * (form + form.T))
    directions = np.random.default_rng(0).standard_normal((DIRECTIONS * (1 if R < 3 else R), R))
    directions = np.concatenate([directions, np.eye(R), -np.eye(R)])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    surface = np.linalg.solve(lower.T, directions.T).T  # the ellipsoid with c = 1
    size = reach / np.abs(surface).max()
    blocks = (SHELLS[:1], SHELLS[1:]) if field.values.size > CHEAP else (SHELLS_CHEAP[:1], SHELLS_CHEAP[1:])
    for _ in range(SHRINKINGS):
        for shares in blocks:
            shell = np.concatenate([share * size * surface for share in shares])
            flow = direction * values_at(field, sink + shell * widths, u) / widths
            if not (np.einsum("ki,ki->k", shell @ form, flow) < 0).all():
                break
        else:
            return form / size**2 / np.outer(widths, widths)
        size *= 0.7
    return None
