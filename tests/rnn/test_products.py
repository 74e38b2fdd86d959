"""Panels and tiles against plain products, for every shape that a tile can meet."""

import numpy as np
import pytest

from rnn.kernels.products import (
    DEPTH,
    SHORT,
    TALL,
    add_tile,
    multiply,
    multiply_transposed,
    padded,
    panel_width,
)


def panels_of(matrix):
    """The layout of the docstring, written as it says."""
    rows, columns = matrix.shape
    width = panel_width(matrix.dtype)
    panels = np.zeros((padded(columns, matrix.dtype) // width, rows, width), matrix.dtype)
    for c in range(len(panels)):
        strip = matrix[:, c * width : (c + 1) * width]
        panels[c, :, : strip.shape[1]] = strip
    return panels


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-14), (np.float32, 1e-6)])
@pytest.mark.parametrize("trials, depth, columns", [(4, 1, 1), (12, 7, 40), (20, 65, 96), (16, 33, 32)])
def test_rows_times_a_packed_matrix(rng, dtype, tolerance, trials, depth, columns):
    matrix = rng.standard_normal((depth, columns)).astype(dtype)
    rows = rng.standard_normal((trials, depth + 3)).astype(dtype)  # longer rows: the rest is left alone
    start = rng.standard_normal((trials, padded(columns, dtype))).astype(dtype)
    out = start.copy()
    multiply(rows, panels_of(matrix), 0, out)
    expected = start.astype(float)
    expected[:, :columns] += rows[:, :depth].astype(float) @ matrix
    assert np.abs(out - expected).max() <= tolerance * depth * np.abs(rows).max() * np.abs(matrix).max()


def test_panels_before_the_first_are_left_alone(rng):
    matrix, rows = rng.standard_normal((5, 40)), rng.standard_normal((4, 5))
    out, width = np.zeros((4, padded(40, float))), panel_width(float)
    multiply(rows, panels_of(matrix), 1, out)
    assert not out[:, :width].any()
    assert np.allclose(out[:, width:40], rows @ matrix[:, width:], atol=1e-14)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-14), (np.float32, 1e-6)])
@pytest.mark.parametrize("depth", [1, DEPTH - 1, DEPTH, 2 * DEPTH + 3])
def test_transposed_product_in_ranges_of_rows(rng, dtype, tolerance, depth):
    length, step = padded(50, dtype), len(TALL)
    left, right = rng.standard_normal((2, depth, length)).astype(dtype)
    out, whole = np.zeros((2, length, length), dtype)
    multiply_transposed(0, length, left, right, whole)
    for first in range(0, length, step):
        multiply_transposed(first, first + step, left, right, out)
    assert np.array_equal(out, whole)
    assert np.abs(whole - left.T.astype(float) @ right).max() <= 20 * tolerance * depth


@pytest.mark.parametrize("tag", [TALL, SHORT])
def test_compiled_tile_and_plain_twin_agree_in_every_layout(rng, tag):
    width = panel_width(float)
    out = rng.standard_normal((len(tag), 3 * width))[:, width:]
    left, panel = rng.standard_normal((9, len(tag))).T, rng.standard_normal((9, 2 * width))[:, 1 : width + 1]
    plain, compiled = out.copy(), out.copy()
    add_tile(tag, left, panel, plain)
    rows = np.ascontiguousarray(left)
    filled = np.zeros((-(-len(tag) // 4) * 4, 9))
    filled[: len(tag)] = rows
    result = np.zeros((len(filled), 2 * width))
    result[: len(tag)] = compiled
    multiply(filled, np.ascontiguousarray(panel)[None], 0, result)
    assert np.allclose(result[: len(tag)], plain, atol=1e-13)


def test_nan_stays_visible(rng):
    rows, matrix = np.ones((4, 3)), np.ones((3, 5))
    rows[1, 2] = np.nan
    out = np.zeros((4, padded(5, float)))
    multiply(rows, panels_of(matrix), 0, out)
    assert np.isnan(out[1, :5]).all()
    assert np.isfinite(out[[0, 2, 3]]).all()
