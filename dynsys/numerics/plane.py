"""Compiled leaves of planar pictures: evenly spaced streamlines, points put onto a nullcline.

A plane is x = origin + s_1 b_1 + s_2 b_2 with orthonormal b (the rows of ``basis``), the flow along it is
G_c = b_c . F(x); of a planar field it is the field itself. Streamlines follow G in the plane scaled to its
box, at constant speed there, by the classical method of Runge and Kutta; a grid of marks keeps them apart
(Turk & Banks 1996, as matplotlib's streamplot has it).
"""

import numpy as np
from numba import types

from dynsys.numerics.dormand_prince import INTEGERS, MATRIX, SYSTEM
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from rnn.jit import jit

# Length of a step as a share of a mark's cell; a line that stays in one cell for so many steps has ended.
STEP, LINGER = 0.2, 30
POLISH_STEPS = 12

_MARKS = types.Array(types.int64, 2, "C")


@jit()
def _lift(origin, basis, first, second, state):
    """The state at a place of the plane."""
    for k in range(state.size):
        state[k] = origin[k] + first * basis[0, k] + second * basis[1, k]


@jit()
def _along(weights, values, start):
    """Component of a vector along a direction; what has no weight has no say, even NaN."""
    total = 0.0
    for k in range(weights.size):
        if weights[k] != 0.0:
            total += weights[k] * values[start + k]
    return total


@jit()
def _direction(rhs, inputs, params, origin, basis, low, widths, place, state, flow, out):
    """Unit vector of G at a place of the unit square; False where G vanishes or is not finite."""
    _lift(origin, basis, low[0] + place[0] * widths[0], low[1] + place[1] * widths[1], state)
    rhs(state, inputs, params, flow)
    for c in range(2):
        out[c] = _along(basis[c], flow, 0) / widths[c]
    norm = np.hypot(out[0], out[1])
    if not 1e-12 < norm < np.inf:
        return False
    for c in range(2):
        out[c] /= norm
    return True


@jit(types.int64(
    FIELD_TYPE, VECTOR, VECTOR, VECTOR, MATRIX, MATRIX, MATRIX, types.float64, _MARKS, MATRIX, INTEGERS
))  # fmt: skip
def streamlines(rhs, inputs, params, origin, basis, box, seeds, shortest, marks, points, offsets):
    """Draw streamlines from seeds, each as far as it stays off the others.

    Parameters
    ----------
    rhs : function
        Of a field.
    inputs, params : ndarray
        Passed on to it.
    origin, basis : ndarray (R,), (2, R)
        The plane.
    box : ndarray (2, 2)
        Lower and upper bounds in the plane.
    seeds : ndarray (K, 2)
        Where lines may start, best first.
    shortest : float
        Shorter lines, as a share of the box, are given up.
    marks : ndarray of int (G, G)
        Zeros; become the number of the line that passes through each cell.
    points : ndarray (M, 2)
        Become the lines, one after another, each along the flow.
    offsets : ndarray of int (K + 1,)
        Become where each line starts; the last is the end.

    Returns
    -------
    int
        Number of lines.
    """
    cells, size = marks.shape[0], points.shape[0]
    low, widths = np.empty(2), np.empty(2)
    place, middle = np.empty(2), np.empty(2)
    state, flow = np.empty(origin.size), np.empty(origin.size)
    slopes = np.empty((4, 2))
    for c in range(2):
        low[c], widths[c] = box[c, 0], box[c, 1] - box[c, 0]
    length = STEP / cells
    most = int(4 * cells * cells)
    trail = np.empty((most, 2), dtype=np.int64)
    line = np.empty((2 * most, 2))
    lines = 0
    offsets[0] = 0
    for seed in range(seeds.shape[0]):
        first = last = most  # the line is line[first:last], its seed in the middle
        marked = 0
        own = lines + 1
        for sign in (-1.0, 1.0):
            for c in range(2):
                place[c] = (seeds[seed, c] - low[c]) / widths[c]
            here_i = here_j = -1
            stayed = 0
            again = sign > 0.0 and last > first  # the seed is there already
            while 0 < first and last < 2 * most and marked < most:
                if not (0.0 <= place[0] <= 1.0 and 0.0 <= place[1] <= 1.0):
                    break
                i, j = min(int(place[0] * cells), cells - 1), min(int(place[1] * cells), cells - 1)
                if i != here_i or j != here_j:
                    if marks[i, j] != 0 and not (again and marks[i, j] == own):
                        break
                    if marks[i, j] == 0:
                        marks[i, j] = own
                        trail[marked, 0], trail[marked, 1] = i, j
                        marked += 1
                    here_i, here_j, stayed = i, j, 0
                stayed += 1
                if stayed > LINGER:
                    break
                if sign < 0.0:
                    first -= 1
                    line[first, 0], line[first, 1] = place[0], place[1]
                elif not again:
                    line[last, 0], line[last, 1] = place[0], place[1]
                    last += 1
                again = False
                fine = True
                for stage in range(4):
                    share = 0.0 if stage == 0 else 1.0 if stage == 3 else 0.5
                    for c in range(2):
                        back = slopes[stage - 1, c] if stage > 0 else 0.0
                        middle[c] = place[c] + sign * share * length * back
                    fine = _direction(
                        rhs, inputs, params, origin, basis, low, widths, middle, state, flow, slopes[stage]
                    )
                    if not fine:
                        break
                turned = slopes[0, 0] * slopes[3, 0] + slopes[0, 1] * slopes[3, 1]
                if not fine or turned < 0.3:  # a fixed point is nearer than a step
                    break
                for c in range(2):
                    total = slopes[0, c] + 2.0 * slopes[1, c] + 2.0 * slopes[2, c] + slopes[3, c]
                    place[c] += sign * length * total / 6.0
        count = last - first
        if count * length < shortest or offsets[lines] + count > size:
            for n in range(marked):
                marks[trail[n, 0], trail[n, 1]] = 0
            continue
        for n in range(count):
            for c in range(2):
                points[offsets[lines] + n, c] = low[c] + line[first + n, c] * widths[c]
        lines += 1
        offsets[lines] = offsets[lines - 1] + count
    return lines


@jit(types.void(*SYSTEM, VECTOR, VECTOR, MATRIX, VECTOR, MATRIX, VECTOR))
def polish(rhs, jacobian, inputs, params, weights, origin, basis, reach, points, residuals):
    """Move points of a plane onto the curve weights . F = 0 along its gradient.

    Parameters
    ----------
    rhs, jacobian, inputs, params
        The field; what it is driven by.
    weights : ndarray (R,)
        Which combination of equations: one of the directions of the plane.
    origin, basis : ndarray (R,), (2, R)
        The plane.
    reach : ndarray (2,)
        How far a point may move in each coordinate.
    points : ndarray (K, 2)
        The points; become points of the curve.
    residuals : ndarray (K,)
        Become the distance that is left, in units of ``reach``; NaN where a point would move too far, and is
        left in its place.
    """
    size = origin.size
    state, flow, flat = np.empty(size), np.empty(size), np.empty(size * size)
    moved, gradient, column = np.empty(2), np.empty(2), np.empty(size)
    for b in range(points.shape[0]):
        for c in range(2):
            moved[c] = points[b, c]
        step = np.inf
        for _ in range(POLISH_STEPS):
            _lift(origin, basis, moved[0], moved[1], state)
            rhs(state, inputs, params, flow)
            jacobian(state, inputs, params, flat)
            value = _along(weights, flow, 0)
            norm = 0.0
            for c in range(2):
                for k in range(size):
                    column[k] = _along(basis[c], flat, size * k) if weights[k] != 0.0 else 0.0
                gradient[c] = _along(weights, column, 0)
                norm += (gradient[c] * reach[c]) ** 2
            if not 0.0 < norm < np.inf:
                step = np.inf if value != 0.0 else 0.0
                break
            step = abs(value) / np.sqrt(norm)
            for c in range(2):
                moved[c] -= value * gradient[c] * reach[c] ** 2 / norm
            if step < 1e-15:
                break
        far = 0.0
        for c in range(2):
            far = max(far, abs(moved[c] - points[b, c]) / reach[c])
        residuals[b] = step if far <= 1.0 and step < 1e-9 else np.nan
        if residuals[b] == residuals[b]:
            for c in range(2):
                points[b, c] = moved[c]
