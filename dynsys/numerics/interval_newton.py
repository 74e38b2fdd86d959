"""Interval Newton steps on a box of states: contraction, exclusion, and proof of one root.

A box is a flat vector (low_1, high_1, low_2, ...), a field over boxes is ``values`` (F) and ``slopes`` (its
Jacobian), with the signature of ordinary fields (made by `dynsys.symbolic.enclosures`; of a finite network by
`dynsys.numerics.interval_network`).
For x, y in a box X with slopes J, F(x) - F(y) lies in J (x - y). With Y near the inverse of J's middle:

    Krawczyk     K = z - Y F(z) + (1 - Y J)(X - z);  K inside X: exactly one root in X, and it lies in K
    contraction  a root x in X obeys  x_i = c_i - ((Y F(c))_i + sum_(j != i) (Y J)_ij (x_j - c_j)) / (Y J)_ii

All of it holds for every value of the inputs and parameters at once where they are intervals.

Comparisons are written so that a NaN proves nothing.
"""

import math

from dynsys.numerics.intervals import add, bounds, div, down, mul, scale, shift, up
from rnn.jit import jit

# A contraction that keeps more than this share of the widest side is not repeated.
KEPT = 0.7
MAX_CONTRACTIONS = 8
EXCLUDED, OPEN, REGULAR, PROVED = 0, 1, 2, 3
# Boxes around a root on which uniqueness is tried, as shares of the search box: the first, and the next ones.
FIRST_REACH, SHRINK, TRIALS = 0.125, (0.6, 0.6, 0.6, 0.4, 0.4, 0.2), 20
MAX_REFINEMENTS = 20
# Newton steps in floats before the proof, and the step, as a share of the search box, that ends them.
MAX_POLISH, POLISHED = 8, 1e-9


@jit()
def invert_middle(slopes, matrix, inverse):
    """Inverse (in floats: any matrix will do for the proofs) of the middle of an interval matrix."""
    n = matrix.shape[0]
    for i in range(n):
        for j in range(n):
            low, high = slopes[2 * (i * n + j)], slopes[2 * (i * n + j) + 1]
            matrix[i, j] = 0.5 * (low + high)
            if not abs(matrix[i, j]) < math.inf:
                return False
            inverse[i, j] = 1.0 if i == j else 0.0
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[pivot, k]):
                pivot = i
        if matrix[pivot, k] == 0.0:
            return False
        if pivot != k:
            for j in range(n):
                matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
                inverse[k, j], inverse[pivot, j] = inverse[pivot, j], inverse[k, j]
        factor = 1.0 / matrix[k, k]
        for j in range(n):
            matrix[k, j] *= factor
            inverse[k, j] *= factor
        for i in range(n):
            if i != k and matrix[i, k] != 0.0:
                factor = matrix[i, k]
                for j in range(n):
                    matrix[i, j] -= factor * matrix[k, j]
                    inverse[i, j] -= factor * inverse[k, j]
    return True


@jit()
def _is_zero(a):
    return a[0] == 0.0 and a[1] == 0.0


@jit()
def multiply(matrix, intervals, columns, out):
    """Product of a float matrix (n, n) and an interval matrix (n, columns), row by row."""
    n = matrix.shape[0]
    for i in range(n):
        for j in range(columns):
            total = (0.0, 0.0)
            for k in range(n):
                entry = bounds(intervals, k * columns + j)
                if matrix[i, k] != 0.0 and not _is_zero(entry):
                    total = add(total, scale(matrix[i, k], entry))
            out[2 * (i * columns + j)], out[2 * (i * columns + j) + 1] = total


@jit()
def may_hold_root(values, inputs, params, box, work):
    """Whether F may vanish in a box, by its plain extension alone."""
    values(box, inputs, params, work)
    for i in range(box.size // 2):
        if work[2 * i] > 0.0 or work[2 * i + 1] < 0.0:
            return False
    return True


@jit()
def contract(
    values, slopes, inputs, params, box, matrix, inverse, slope, product, at_centre, work, rough, alone, tight
):  # fmt: skip
    """Shrink a box without losing a root.

    Returns `EXCLUDED` if it holds none, `REGULAR` if it holds one at most, else `OPEN`. If ``rough`` is true,
    also `PROVED`: one, alone in ``alone`` and held by ``tight``. ``slope`` (2 n n) and ``at_centre`` (2 n)
    keep the last slopes and the last value at a centre.
    """
    n = box.size // 2
    regular = False
    for _ in range(MAX_CONTRACTIONS):
        if not may_hold_root(values, inputs, params, box, work):
            return EXCLUDED
        slopes(box, inputs, params, slope)
        widest = 0.0
        for i in range(n):
            centre = 0.5 * (box[2 * i] + box[2 * i + 1])
            work[2 * i] = work[2 * i + 1] = centre
            widest = max(widest, box[2 * i + 1] - box[2 * i])
        values(work[: 2 * n], inputs, params, at_centre)
        if _mean_value_excludes(n, box, slope, at_centre, work):
            return EXCLUDED
        if not invert_middle(slope, matrix, inverse):
            break
        multiply(inverse, slope, n, product)
        multiply(inverse, at_centre, 1, work[2 * n :])
        regular = regular or _is_regular(n, product)
        if rough and regular:
            for i in range(n):
                alone[2 * i], alone[2 * i + 1] = box[2 * i], box[2 * i + 1]
                work[4 * n + i] = work[2 * i]
            if _inside(n, work[4 * n :], alone, product, work[2 * n :], tight):
                # A negative variance has no F, though boxes that reach below 0 have one.
                values(tight, inputs, params, work[6 * n :])
                defined = True
                for i in range(2 * n):
                    defined = defined and abs(work[6 * n + i]) < math.inf
                if defined:
                    return PROVED
        if not _gauss_seidel(n, box, product, work):
            return EXCLUDED
        after = 0.0
        for i in range(n):
            after = max(after, box[2 * i + 1] - box[2 * i])
        if not after < KEPT * widest:
            break
    return REGULAR if regular else OPEN


@jit()
def _mean_value_excludes(n, box, slope, at_centre, centre):
    """Whether 0 is outside F(c) + J (X - c) in some component."""
    for i in range(n):
        total = bounds(at_centre, i)
        for j in range(n):
            entry = bounds(slope, i * n + j)
            if not _is_zero(entry):
                total = add(total, mul(entry, shift(-centre[2 * j], bounds(box, j))))
        if total[0] > 0.0 or total[1] < 0.0:
            return True
    return False


@jit()
def _is_regular(n, product):
    """Whether every matrix in Y J is regular: strictly dominated by its diagonal."""
    for i in range(n):
        off = 0.0
        for j in range(n):
            if j != i:
                low, high = bounds(product, i * n + j)
                off = up(off + max(-low, high))
        low, high = bounds(product, i * n + i)
        if not low > off:
            return False
        for j in range(n):
            if product[2 * (i * n + j)] != product[2 * (i * n + j)]:
                return False
    return True


@jit()
def _gauss_seidel(n, box, product, work):
    """One sweep of the contraction, in place; False if nothing is left. ``work``: c, then Y F(c)."""
    for i in range(n):
        diagonal = bounds(product, i * n + i)
        if not (diagonal[0] > 0.0 or diagonal[1] < 0.0):
            continue
        total = bounds(work, n + i)
        for j in range(n):
            entry = bounds(product, i * n + j)
            if j != i and not _is_zero(entry):
                total = add(total, mul(entry, shift(-work[2 * j], bounds(box, j))))
        step = div(total, diagonal)
        low, high = down(work[2 * i] - step[1]), up(work[2 * i] - step[0])
        if high < box[2 * i] or low > box[2 * i + 1]:
            return False
        if low > box[2 * i]:
            box[2 * i] = low
        if high < box[2 * i + 1]:
            box[2 * i + 1] = high
    return True


@jit()
def verify(values, slopes, inputs, params, state, widths, matrix, inverse, alone, tight, work):
    """Prove that a box around a state holds exactly one root, and find one as large as comes easily.

    Parameters
    ----------
    values, slopes : function
        The field over boxes.
    inputs, params : ndarray
        Passed on to them.
    state : ndarray (R,)
        Close to a root; is improved.
    widths : ndarray (R,)
        Sides of the search box, the scale of each coordinate.
    matrix, inverse : ndarray (R, R)
        Work.
    alone : ndarray (2 R,)
        Becomes the box in which the root is alone.
    tight : ndarray (2 R,)
        Becomes a small box that holds the root.
    work : ndarray (4 R R + 6 R,)
        Work.

    Returns
    -------
    bool
        Whether it is proved.
    """
    n = state.size
    slope, product = work[: 2 * n * n], work[2 * n * n : 4 * n * n]
    rest = work[4 * n * n :]
    correction, at_state, centre = rest[: 2 * n], rest[2 * n : 4 * n], rest[4 * n : 6 * n]
    for _ in range(MAX_POLISH):  # in floats
        size = 0.0
        for i in range(n):
            tight[2 * i] = tight[2 * i + 1] = state[i]
        slopes(tight, inputs, params, slope)
        values(tight, inputs, params, at_state)
        if not invert_middle(slope, matrix, inverse):
            return False
        for i in range(n):
            step = 0.0
            for j in range(n):
                step += inverse[i, j] * 0.5 * (at_state[2 * j] + at_state[2 * j + 1])
            if not abs(step) < widths[i]:
                return False
            correction[i] = step
            size = max(size, abs(step) / widths[i])
        for i in range(n):
            state[i] -= correction[i]
        if size < POLISHED:
            break
    for i in range(n):
        tight[2 * i] = tight[2 * i + 1] = state[i]
    values(tight, inputs, params, at_state)
    multiply(inverse, at_state, 1, correction)
    reach = FIRST_REACH
    proved = False
    for trial in range(TRIALS):
        for i in range(n):
            floor = 1.5 * max(-correction[2 * i], correction[2 * i + 1])
            radius = max(reach * widths[i], floor)
            alone[2 * i], alone[2 * i + 1] = state[i] - radius, state[i] + radius
        slopes(alone, inputs, params, slope)
        multiply(inverse, slope, n, product)
        proved = _inside(n, state, alone, product, correction, tight)
        if proved:
            break
        reach *= SHRINK[min(trial, len(SHRINK) - 1)]
    if not proved:
        return False
    # The same test on a tiny box gives a tight bound at once, unless the state is not close enough.
    within = True
    for i in range(n):
        radius = 4.0 * max(-correction[2 * i], correction[2 * i + 1]) + 1e-15 * abs(state[i])
        centre[2 * i], centre[2 * i + 1] = state[i] - radius, state[i] + radius
        within = within and alone[2 * i] <= centre[2 * i] and centre[2 * i + 1] <= alone[2 * i + 1]
    slopes(centre, inputs, params, slope)
    multiply(inverse, slope, n, product)
    if within and _inside(n, state, centre, product, correction, at_state):
        for i in range(2 * n):
            tight[i] = at_state[i]
        return True
    before = math.inf
    for _ in range(MAX_REFINEMENTS):  # the root lies in ``tight``; again from there
        widest = 0.0
        for i in range(n):
            widest = max(widest, (tight[2 * i + 1] - tight[2 * i]) / widths[i])
        slopes(tight, inputs, params, slope)
        if not widest < 0.9 * before or not invert_middle(slope, matrix, inverse):
            break
        before = widest
        multiply(inverse, slope, n, product)
        for i in range(n):  # the middle of the box: slopes on it say nothing about a state outside
            state[i] = 0.5 * (tight[2 * i] + tight[2 * i + 1])
            centre[2 * i] = centre[2 * i + 1] = state[i]
        values(centre, inputs, params, at_state)
        multiply(inverse, at_state, 1, correction)
        _inside(n, state, tight, product, correction, tight)
    return True


@jit()
def _inside(n, state, box, product, correction, image):
    """Krawczyk's image of a box, cut to the box, which it may replace; whether it lies inside the box."""
    inside = True
    for i in range(n):
        total = (-correction[2 * i + 1], -correction[2 * i])
        for j in range(n):
            entry = bounds(product, i * n + j)
            unit = 1.0 if i == j else 0.0
            if i == j or not _is_zero(entry):
                entry = (down(unit - entry[1]), up(unit - entry[0]))
                total = add(total, mul(entry, shift(-state[j], bounds(box, j))))
        low, high = shift(state[i], total)
        inside = inside and low > box[2 * i] and high < box[2 * i + 1]
        image[2 * i] = low if low > box[2 * i] else box[2 * i]
        image[2 * i + 1] = high if high < box[2 * i + 1] else box[2 * i + 1]
    return inside
