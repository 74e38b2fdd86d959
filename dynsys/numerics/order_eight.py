"""Dormand and Prince's method of order 8(5,3): for short flows to twelve digits and more.

    y' = F(y, v; p),        and with a matrix M beside the state        M' = DF(y) M   (variational equation)

At such tolerances it needs a small part of the evaluations of order 5 (`dynsys.numerics.dormand_prince`),
which serves where dense output or fewer digits are wanted. Coefficients and the estimate of the error, from
an embedded result of order 5 and one of order 3, are those of Hairer, Norsett & Wanner's DOP853 (Solving
Ordinary Differential Equations I, 1993, II.5 and II.10).
"""

import numpy as np
from numba import types

from dynsys.numerics.dormand_prince import (
    BLOCK,
    MATRIX,
    MAX_REFUSALS,
    SYSTEM,
    first_step,
    next_length,
    slope,
    stages,
)
from dynsys.numerics.signatures import VECTOR
from rnn.jit import jit

STAGES = np.zeros((12, 12))
STAGES[1, 0] = 0.05260015195876773
STAGES[2, [0, 1]] = 0.0197250569845379, 0.0591751709536137
STAGES[3, [0, 2]] = 0.02958758547680685, 0.08876275643042054
STAGES[4, [0, 2, 3]] = 0.2413651341592667, -0.8845494793282861, 0.924834003261792
STAGES[5, [0, 3, 4]] = 0.037037037037037035, 0.17082860872947386, 0.12546768756682242
STAGES[6, [0, 3, 4, 5]] = 0.037109375, 0.17025221101954405, 0.06021653898045596, -0.017578125
STAGES[7, [0, 3, 4, 5, 6]] = (
    0.03709200011850479,
    0.17038392571223998,
    0.10726203044637328,
    -0.015319437748624402,
    0.008273789163814023,
)
STAGES[8, [0, 3, 4, 5, 6, 7]] = (
    0.6241109587160757,
    -3.3608926294469414,
    -0.868219346841726,
    27.59209969944671,
    20.154067550477894,
    -43.48988418106996,
)
STAGES[9, [0, 3, 4, 5, 6, 7, 8]] = (
    0.47766253643826434,
    -2.4881146199716677,
    -0.590290826836843,
    21.230051448181193,
    15.279233632882423,
    -33.28821096898486,
    -0.020331201708508627,
)
STAGES[10, [0, 3, 4, 5, 6, 7, 8, 9]] = (
    -0.9371424300859873,
    5.186372428844064,
    1.0914373489967295,
    -8.149787010746927,
    -18.52006565999696,
    22.739487099350505,
    2.4936055526796523,
    -3.0467644718982196,
)
STAGES[11, [0, 3, 4, 5, 6, 7, 8, 9, 10]] = (
    2.273310147516538,
    -10.53449546673725,
    -2.0008720582248625,
    -17.9589318631188,
    27.94888452941996,
    -2.8589982771350235,
    -8.87285693353063,
    12.360567175794303,
    0.6433927460157636,
)
USED = [0, 5, 6, 7, 8, 9, 10, 11]  # stages that the results are made of
ORDER_8, ORDER_5, ORDER_3 = np.zeros((3, 12))
ORDER_8[USED] = (
    0.054293734116568765,
    4.450312892752409,
    1.8915178993145003,
    -5.801203960010585,
    0.3111643669578199,
    -0.1521609496625161,
    0.20136540080403034,
    0.04471061572777259,
)
ORDER_5[USED] = (
    0.01312004499419488,
    -1.2251564463762044,
    -0.4957589496572502,
    1.6643771824549864,
    -0.35032884874997366,
    0.3341791187130175,
    0.08192320648511571,
    -0.022355307863886294,
)
ORDER_3[USED] = (
    -0.18980075407240762,
    4.450312892752409,
    1.8915178993145003,
    -5.801203960010585,
    -0.4226823213237919,
    -0.1521609496625161,
    0.20136540080403034,
    0.02265179219836082,
)


@jit()
def _step(system, size, y, h, rtol, scale, k, flat, trial):
    """One accepted step: ``trial`` becomes the state after it; k[0] is the slope at y.

    Returns the step taken, 0 if there is none however small, and a proposal for the next.
    """
    for _ in range(MAX_REFUSALS):
        stages(system, size, y, h, STAGES, k, flat, trial)
        fifth = third = 0.0
        for c in range(y.size):
            total = five = three = 0.0
            for j in range(12):
                total += ORDER_8[j] * k[j, c]
                five += ORDER_5[j] * k[j, c]
                three += ORDER_3[j] * k[j, c]
            trial[c] = y[c] + h * total
            unit = scale[c] if c < size else 1.0
            allowed = rtol * (unit + max(abs(y[c]), abs(trial[c])))
            five, three = abs(h * five) / allowed, abs(h * three) / allowed
            if not (five <= fifth and three <= third):  # NaN counts as larger
                fifth = five if not five <= fifth else fifth
                third = three if not three <= third else third
        error = fifth * fifth / np.sqrt(fifth * fifth + 0.01 * third * third) if fifth > 0.0 else 0.0
        if np.isnan(fifth) or np.isnan(third):
            error = np.inf
        if error <= 1.0:
            return h, next_length(h, error, 0.125)
        h = next_length(h, error, 0.125)
    return 0.0, h


@jit(types.boolean(*SYSTEM, MATRIX, VECTOR, types.float64, VECTOR, types.int64, MATRIX, BLOCK))
def run_segments(rhs, jacobian, inputs, params, starts, durations, rtol, scale, max_steps, ends, matrices):
    """Flow each start for its duration, and the derivative of that flow in the start.

    Parameters
    ----------
    rhs, jacobian, inputs, params, rtol, scale, max_steps
        As in `dormand_prince.run_at`.
    starts : ndarray (K, R)
        The starts.
    durations : ndarray (K,)
        One each; negative runs backwards.
    ends : ndarray (K, R)
        Become phi_T(start).
    matrices : ndarray (K, R, R)
        Become D phi_T(start), by the variational equation with the exact Jacobian.

    Returns
    -------
    bool
        Whether every one reached its end.
    """
    system = rhs, jacobian, inputs, params
    size = starts.shape[1]
    width = size + size * size
    y, trial, flat = np.empty(width), np.empty(width), np.empty(size * size)
    k = np.empty((12, width))
    for b in range(starts.shape[0]):
        for c in range(width):
            y[c] = starts[b, c] if c < size else 0.0
        for c in range(size):
            y[size + c * size + c] = 1.0
        slope(system, size, y, flat, k[0])
        t, end = 0.0, durations[b]
        h = first_step(y, size, scale, k) * (1.0 if end >= 0.0 else -1.0)
        for _ in range(max_steps):
            left = end - t
            h = h if abs(h) < abs(left) else left
            taken, after = _step(system, size, y, h, rtol, scale, k, flat, trial)
            if taken == 0.0:
                return False
            t = end if taken == left else t + taken
            for c in range(width):
                y[c] = trial[c]
            if t == end:
                break
            slope(system, size, y, flat, k[0])
            h = after
        if t != end:
            return False
        for i in range(size):
            ends[b, i] = y[i]
            for j in range(size):
                matrices[b, i, j] = y[size + i * size + j]
    return True
