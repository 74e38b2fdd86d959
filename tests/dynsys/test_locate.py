"""Zeros of tests along a step, on functions whose zeros are known: a stepper that knows them stands in."""

import numpy as np
import pytest

from dynsys.numerics import locate, lowrank_field
from dynsys.numerics.extended import ADVANCE, ADVANCE_TYPE, TESTS
from dynsys.numerics.signatures import field_table
from rnn.jit import jit

LINE, CUBE, STEEP, GROWING, POLE, STEP, GAP, THREE, ROOT = range(9)


@jit(ADVANCE, cache=False)
def stepper(
    functions, inputs, params, program, scale, columns, span, borders, mode, base, direction, length, point,
    tangent, tests,
):  # fmt: skip
    """A straight line along which a function of the distance is the test; params counts the calls."""
    params[0] += 1
    which, x, a = int(inputs[0]), length - inputs[1], inputs[2]
    for j in range(point.size):
        point[j], tangent[j] = base[j] + length * direction[j], direction[j]
    if which == LINE:
        tests[0] = a * x
    elif which == CUBE:
        tests[0] = x**3
    elif which == STEEP:
        tests[0] = np.tanh(a * x)
    elif which == GROWING:
        tests[0] = np.exp(a * length) - np.exp(a * (length - x))
    elif which == POLE:
        tests[0] = 1.0 / x
    elif which == STEP:
        tests[0] = 1.0 if x > 0 else -1.0
    elif which == GAP:
        tests[0] = x
        return -1 if abs(x) < a else 1
    elif which == THREE:
        tests[0] = x * (x - 0.1) * (x - 0.2)
    else:
        tests[0] = np.sign(x) * np.sqrt(abs(x))
    return 1


def search(which, zero, a, end):
    """The distance found between 0 and the end, and the number of calls."""
    functions = field_table(lowrank_field, lowrank_field.taylor, (stepper, ADVANCE_TYPE))
    inputs, calls, nothing = np.array([which, zero, a]), np.zeros(1), np.zeros((0, 4))
    common = functions, inputs, calls, nothing, np.ones(2), np.array([1, 0]), np.zeros(2), np.zeros((4, 1)), 0
    base, direction, out, test = np.zeros((1, 2)), np.array([[1.0, 0.0]]), np.zeros(2), np.empty((1, TESTS))
    ends = []
    for s in (0.0, end):
        stepper(*common, base[0], direction[0], s, out, out.copy(), test[0])
        ends += [s, float(test[0, 0])]
    assert (ends[1] > 0) != (ends[3] > 0)
    wanted, calls[0] = np.array([[0.0, *ends]]), 0.0
    locate.search(*common, base, direction, wanted, np.zeros((1, 2)), np.zeros((1, 2)), test)
    return wanted[0, 1], calls[0]


@pytest.mark.parametrize(
    "which, sizes, tolerance",
    [
        (LINE, (1e-9, 1.0, -1e9), 1e-10), (STEEP, (1e-3, 1.0, 1e3, -1e9), 1e-10), (ROOT, (1.0,), 2e-10),
        (GROWING, (1.0, 30.0, 1e3), 1e-10), (STEP, (1.0,), 2e-10), (POLE, (1.0,), 1e-7), (CUBE, (1.0,), 1e-3),
        (GAP, (1e-12, 1e-9, 1e-7), 1e-5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", [0.02, 0.3])
def test_the_zero_is_found(which, sizes, tolerance, end):
    """Also where the function is flat, so that secants hardly move, and where it has a pole or a jump."""
    for a in sizes:
        for share in (1e-6, 0.1, 0.5, 0.77, 1 - 1e-6):
            zero = share * end
            found, calls = search(which, zero, a, end)
            assert abs(found - zero) <= tolerance and calls <= 61, (a, share)


@pytest.mark.parametrize("end", [0.02, 0.3])
def test_a_zero_at_an_end(end):
    assert search(LINE, 0.0, 1.0, end)[0] <= 1e-10  # 0 counts as negative
    assert search(LINE, end, -1.0, end)[0] >= end - 1e-10


def test_one_of_three_zeros():
    found, _ = search(THREE, 0.05, 0.0, 0.3)
    assert np.abs(found - np.array([0.05, 0.15, 0.25])).min() <= 1e-9


def test_a_smooth_zero_takes_few_steps():
    assert search(LINE, 0.013, 3.0, 0.02)[1] <= 4
    assert search(GROWING, 0.013, 30.0, 0.02)[1] <= 9
