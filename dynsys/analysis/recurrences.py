"""Near returns along a trajectory: where unstable cycles are to be looked for.

A trajectory on an attractor passes by the cycles that became unstable when the attractor was born: a cycle of
twice the period stays near the one it left, a pair of mirror images near the symmetric one, and a chaotic
trajectory comes near to every unstable cycle in it again and again (Lathrop & Kostelich 1989). So the times
at which

    | x(t + lag) - T x(t) |,      T the identity or a symmetry of the field,

has a local minimum in t and lag give starts for shooting. With T of order p, an orbit on which this vanishes
has the period p lag.
"""

import numpy as np

from dynsys.analysis.flow import MAX_STEPS, system_of, values_at
from dynsys.numerics.dormand_prince import run_at

# Samples of a trajectory, samples in which it moves by about its own size to and fro, and longest lag.
SAMPLES, PER_TURN, MAX_LAG = 4000, 40, 160
RTOL = 1e-8
# A distance below this share of how far the trajectory went meanwhile is worth shooting; one below the other
# share of its size is a return.
NEAR, SAME = 0.1, 1e-6
# Guesses whose lags agree within this share count as alike; how many of them are kept.
ALIKE, KEPT = 0.02, 2


def closed_recurrences(points, period, maps):
    """Near returns of a periodic orbit within its period.

    Parameters
    ----------
    points : ndarray (M, R)
        States along it at equal steps of time, the first again at the end.
    period : float
        Its period.
    maps : list of (ndarray (R, R), int)
        Symmetries of the field, with their orders.

    Returns
    -------
    list of (float, ndarray (R,), float, ndarray (R, R), int)
        Distance as a share of how far it went, state, lag, T and its order, the nearest first.

    Examples
    --------
    >>> t = np.linspace(0, 4 * np.pi, 241)
    >>> twice = np.column_stack([np.cos(t) + 0.05 * np.cos(t / 2), np.sin(t) + 0.05 * np.sin(t / 2)])
    >>> gap, state, lag, T, order = closed_recurrences(twice, 4 * np.pi, [])[0]
    >>> round(lag / np.pi, 1)  # after one of two turns
    2.0
    """
    track = points[:-1]
    count = len(track)
    around = np.concatenate([track, track])
    guesses = []
    for matrix, order in [(np.eye(track.shape[1]), 1), *maps]:
        most = count // 2 + 1 if order == 1 else count - 1
        guesses += _near_returns(around, track, matrix, order, most, period / count)
    return sorted(guesses, key=lambda guess: guess[0])


def open_recurrences(field, u, state, maps):
    """Near returns of a trajectory that does not settle.

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    state : ndarray (R,)
        Where it is followed from.
    maps : list of (ndarray (R, R), int)
        Symmetries of the field, with their orders.

    Returns
    -------
    list
        As of `closed_recurrences`, near and short ones first.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> angle = np.pi / 4 * np.arange(8)
    >>> m = np.column_stack([np.cos(angle), np.sin(angle)])
    >>> field = reduced_field(LowRankRNN(m, 4 * m @ [[1, -1], [1, 1]], np.zeros(8), np.ones(8)))
    >>> guesses = open_recurrences(field, np.zeros(1), np.array([1.0, 0.0]), [])
    >>> round(guesses[0][2] / np.pi, 1)  # it turns once in about 2 pi
    2.0
    """
    step = _spacing(field, u, state)
    track = None if step is None else _follow(field, u, state, step, SAMPLES + MAX_LAG + 1)
    if track is None:
        return []
    guesses = []
    for matrix, order in [(np.eye(track.shape[1]), 1), *maps]:
        guesses += _near_returns(track, track[:SAMPLES], matrix, order, MAX_LAG, step)
    return sorted(guesses, key=lambda guess: guess[0] * guess[2] * guess[4])


def _spacing(field, u, state):
    """Time between samples, from the mean speed along a trajectory; None where it stands still or ends."""
    span = 1.0
    for _ in range(6):
        track = _follow(field, u, state, span / SAMPLES, SAMPLES)
        if track is None:
            return None
        size = np.ptp(track, axis=0).clip(1e-300)
        speed = float((np.abs(values_at(field, track, u)) / size).max(axis=1).mean())
        if not 0.0 < speed < np.inf:
            return None
        turn = 2.0 / speed
        if 5.0 * turn <= span <= 1000.0 * turn:
            return turn / PER_TURN
        span = 50.0 * turn
    return turn / PER_TURN


def _follow(field, u, state, step, count):
    out, filled, ended = np.empty((1, count, state.size)), np.empty(1, dtype=np.int64), np.empty(1)
    scale = np.maximum(np.abs(state), 1e-3)
    times = step * np.arange(count)
    run_at(*system_of(field, u), np.array(state)[None], times, RTOL, scale, MAX_STEPS, out, filled, ended)
    return out[0] if filled[0] == count else None


def _near_returns(track, starts, matrix, order, most, step):
    """Local minima over starts and lags of the distance after a lag from the image of the start."""
    size = np.ptp(starts, axis=0).clip(1e-300)
    images, count = starts @ matrix.T / size, len(starts)
    scaled = track / size
    gaps = np.stack([np.abs(scaled[lag : lag + count] - images).max(axis=1) for lag in range(1, most + 2)])
    inner = gaps[1:-1, 1:-1]
    least = (inner < NEAR) & (inner > SAME)
    for lag in (0, 1, 2):
        for start in (0, 1, 2):
            if (lag, start) != (1, 1):
                other = gaps[lag : lag + len(inner), start : start + inner.shape[1]]
                least &= inner <= other
    guesses, met = [], []
    for lag, place in zip(*np.nonzero(least)):
        # Next to a fixed point everything is near: what counts is how far the trajectory went meanwhile.
        moved = np.ptp(scaled[place + 1 : place + lag + 4], axis=0).max()
        guesses.append((float(inner[lag, place] / moved), int(place) + 1, int(lag) + 2))
    found = []
    for gap, place, lag in sorted(guesses):
        if gap < NEAR and sum(abs(lag - other) <= ALIKE * lag for other in met) < KEPT:
            met.append(lag)
            found.append((gap, starts[place].copy(), lag * step, matrix, order))
    return found
