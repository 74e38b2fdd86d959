"""Polynomials of degree 4 on the intervals of a mesh, and inner products of orbits that are made of them.

An orbit is known at five equidistant points of each interval, of which neighbours share the ends: a vector of
(4 N + 1) n numbers, state by state. A point of a branch of cycles is y = (orbit, T, p).
"""

import numpy as np

from rnn.jit import jit

DEGREE = 4

_points, _weights = np.polynomial.legendre.leggauss(DEGREE)
GAUSS, GAUSS_WEIGHTS = 0.5 * (_points + 1), 0.5 * _weights
# Weights of the five points of an interval (Boole's rule).
QUADRATURE = np.array([7.0, 32.0, 12.0, 32.0, 7.0]) / 90


def lagrange(z):
    """Values and slopes at z of the polynomials that are 1 at one of the points i / 4 and 0 at the others.

    Parameters
    ----------
    z : ndarray (c,)
        Places in [0, 1].

    Returns
    -------
    tuple of ndarray (c, 5)

    Examples
    --------
    >>> values, slopes = lagrange(np.array([0.25]))
    >>> values.round(12) + 0.0, float(slopes.sum().round(12))
    (array([[0., 1., 0., 0., 0.]]), 0.0)
    """
    nodes = np.arange(DEGREE + 1) / DEGREE
    powers = np.arange(DEGREE + 1)
    inverse = np.linalg.inv(nodes[:, None] ** powers)
    raised = z[:, None] ** powers
    lowered = powers * z[:, None] ** np.maximum(powers - 1, 0)
    return raised @ inverse, lowered @ inverse


VALUES, SLOPES = lagrange(GAUSS)
# int L_i L_l' dz, exact.
PHASE = (VALUES * GAUSS_WEIGHTS[:, None]).T @ SLOPES


@jit()
def metric(mesh, scale, period, out):
    """Weights of the inner product of (u, T, p): state and p in units of ``scale``, T of ``period``.

    Examples
    --------
    >>> out = np.empty(12)
    >>> metric(np.array([0.0, 1.0]), np.ones(3), 2.0, out)
    >>> float(out[:10].sum().round(12)), out[10:]
    (1.0, array([0.25, 1.  ]))
    """
    n = scale.size - 1
    for k in range(out.size):
        out[k] = 0.0
    for j in range(mesh.size - 1):
        for i in range(DEGREE + 1):
            for a in range(n):
                weight = QUADRATURE[i] * (mesh[j + 1] - mesh[j]) / (n * scale[a] ** 2)
                out[(j * DEGREE + i) * n + a] += weight
    out[out.size - 2] = 1.0 / period**2
    out[out.size - 1] = 1.0 / scale[n] ** 2


@jit()
def phase_row(orbit, scale, intervals, row):
    """Row of the phase condition: int du . orbit' dt, normalised."""
    n = scale.size - 1
    for k in range(row.size):
        row[k] = 0.0
    for j in range(intervals):
        for i in range(DEGREE + 1):
            for k in range(DEGREE + 1):
                for a in range(n):
                    row[(j * DEGREE + i) * n + a] += (
                        PHASE[i, k] * orbit[(j * DEGREE + k) * n + a] / scale[a] ** 2
                    )
    norm = 0.0
    for k in range(row.size):
        norm += row[k] ** 2
    for k in range(row.size):
        row[k] /= np.sqrt(norm)


@jit()
def at_time(mesh, y, n, t, out):
    """The orbit's state (n,) at a time t in [0, 1].

    Examples
    --------
    >>> out = np.empty(1)
    >>> at_time(np.array([0.0, 1.0]), np.array([0.0, 0.25, 0.5, 0.75, 1.0]) ** 2, 1, 0.3, out)
    >>> round(float(out[0]), 12)
    0.09
    """
    low, high = 0, mesh.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if mesh[middle] <= t:
            low = middle
        else:
            high = middle
    z = DEGREE * (t - mesh[low]) / (mesh[low + 1] - mesh[low])
    first = low * DEGREE * n
    for a in range(n):
        out[a] = 0.0
    for i in range(DEGREE + 1):
        value = 1.0
        for k in range(DEGREE + 1):
            if k != i:
                value *= (z - k) / (i - k)
        for a in range(n):
            out[a] += value * y[first + i * n + a]


@jit("void(f8[::1], f8[:, ::1], f8[::1], f8[:, :, ::1])")
def sample(mesh, rows, times, out):
    """States (M, K, n) of orbits ``rows`` (M, (4 N + 1) n + 2) on one mesh at times (K,) in [0, 1].

    Examples
    --------
    >>> out = np.empty((1, 1, 1))
    >>> sample(np.array([0.0, 1.0]), np.array([[0.0, 1, 2, 3, 4, 9, 9]]), np.array([0.5]), out)
    >>> out.ravel()
    array([2.])
    """
    for r in range(rows.shape[0]):
        for k in range(times.size):
            at_time(mesh, rows[r], out.shape[2], times[k], out[r, k])


@jit("void(f8[::1], f8[::1], f8[::1], f8[::1])")
def spread_evenly(mesh, y, scale, fresh):
    """Place the ends of intervals so that each bears the same share of the orbit's fifth derivative.

    Parameters
    ----------
    mesh : ndarray (N + 1,)
        Ends of the intervals.
    y : ndarray ((4 N + 1) n + 2,)
        The orbit.
    scale : ndarray (n + 1,)
        Units of its states.
    fresh : ndarray (K + 1,)
        Becomes the new ends (de Boor 1973; Russell and Christiansen 1978).

    Examples
    --------
    >>> fresh = np.empty(5)
    >>> bump = np.exp(-((np.arange(65) / 64 - 0.5) ** 2) / 0.02)
    >>> spread_evenly(np.arange(17) / 16, np.append(bump, [1, 0]), np.ones(2), fresh)
    >>> bool(0.25 < fresh[1] < fresh[3] < 0.75)  # closer to where it bends
    True
    """
    n, N = scale.size - 1, mesh.size - 1
    tops, share = np.empty((N, n)), np.empty(N + 1)
    for j in range(N):
        width = mesh[j + 1] - mesh[j]
        for a in range(n):
            at = j * DEGREE * n + a
            fourth = y[at] - 4 * y[at + n] + 6 * y[at + 2 * n] - 4 * y[at + 3 * n] + y[at + 4 * n]
            tops[j, a] = fourth * (DEGREE / width) ** 4 / scale[a]
    share[0] = 0.0
    for j in range(N):
        density = 0.0
        for a in range(n):
            left, right = tops[j - 1, a], tops[j + 1 if j + 1 < N else 0, a]
            before = mesh[j] - mesh[j - 1] if j > 0 else mesh[N] - mesh[N - 1]
            after = mesh[j + 2] - mesh[j + 1] if j + 1 < N else mesh[1] - mesh[0]
            width = mesh[j + 1] - mesh[j]
            density += abs(tops[j, a] - left) / (width + before) + abs(right - tops[j, a]) / (width + after)
        share[j + 1] = share[j] + density ** (1.0 / (DEGREE + 1)) * (mesh[j + 1] - mesh[j])
    floor = 0.05 * share[N] + 1e-300  # a little for where nothing bends
    for j in range(N + 1):
        share[j] += floor * mesh[j]
    place, last = 0, fresh.size - 1
    fresh[0], fresh[last] = 0.0, 1.0
    for k in range(1, last):
        goal = share[N] * k / last
        while share[place + 1] < goal:
            place += 1
        inside = (goal - share[place]) / (share[place + 1] - share[place])
        fresh[k] = mesh[place] + inside * (mesh[place + 1] - mesh[place])


@jit("void(f8[::1], f8[::1], f8[::1], f8[::1])")
def carry_over(mesh, y, fresh, out):
    """Values of an orbit on another mesh; what follows the orbit in ``y`` is kept.

    Examples
    --------
    >>> out = np.empty(11)
    >>> line = np.append(np.arange(5.0), [6.0, 7.0])
    >>> carry_over(np.array([0.0, 1.0]), line, np.array([0.0, 0.5, 1.0]), out)
    >>> out
    array([0. , 0.5, 1. , 1.5, 2. , 2.5, 3. , 3.5, 4. , 6. , 7. ])
    """
    n = (y.size - 2) // (DEGREE * (mesh.size - 1) + 1)
    for j in range(fresh.size - 1):
        for i in range(DEGREE + 1):
            at = (j * DEGREE + i) * n
            at_time(mesh, y, n, fresh[j] + (fresh[j + 1] - fresh[j]) * i / DEGREE, out[at : at + n])
    out[out.size - 2], out[out.size - 1] = y[y.size - 2], y[y.size - 1]


@jit("void(f8[::1], i8, f8[::1], f8[::1])")
def extremes(y, n, low, high):
    """Least and greatest value of each coordinate of an orbit ``y``, between its points as well.

    Examples
    --------
    >>> low, high = np.empty(1), np.empty(1)
    >>> extremes(np.array([1.0, 0.0625, 0.0625, 0.5625, 1.5625, 0, 0]), 1, low, high)  # (z - 3/8)^2 16 / 9 ..
    >>> bool(low[0] < 0.01), float(high[0])
    (True, 1.5625)
    """
    fine = 16
    points = (y.size - 2) // n
    for a in range(n):
        for sign in (1.0, -1.0):
            best = 0
            for k in range(points):
                if sign * y[k * n + a] > sign * y[best * n + a]:
                    best = k
            largest = sign * y[best * n + a]
            for j in (best // DEGREE - 1, best // DEGREE):
                if j < 0 or j >= points // DEGREE:
                    continue
                before = middle = -np.inf
                for s in range(DEGREE * fine + 1):
                    value = 0.0
                    for i in range(DEGREE + 1):
                        basis = sign
                        for k in range(DEGREE + 1):
                            if k != i:
                                basis *= (s / fine - k) / (i - k)
                        value += basis * y[(j * DEGREE + i) * n + a]
                    if s > 1 and middle >= before and middle >= value:  # the top of a parabola
                        bend = before - 2.0 * middle + value
                        top = middle - (value - before) ** 2 / (8.0 * bend) if bend < 0.0 else middle
                        largest = max(largest, top)
                    before, middle = middle, value
            if sign > 0.0:
                high[a] = largest
            else:
                low[a] = -largest
