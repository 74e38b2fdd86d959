"""The compiled normal form of a Hopf point against numpy, on matrices with a given imaginary pair."""

import itertools

import numpy as np
import pytest
import reference

from dynsys.numerics import coefficients


def symmetric(tensor):
    orders = itertools.permutations(range(1, tensor.ndim))
    return np.ascontiguousarray(sum(tensor.transpose(0, *order) for order in orders))


@pytest.mark.parametrize("n", [2, 3, 6])
def test_hopf_coefficients(rng, n):
    for omega in (0.01, 1.0, 40.0):
        block = np.diag(-rng.uniform(0.5, 5.0, n))
        block[:2, :2] = [[0.0, -omega], [omega, 0.0]]
        turn = np.eye(n) + rng.uniform(-0.3, 0.3, (n, n)) / n
        A = turn @ block @ np.linalg.inv(turn)
        second, third = symmetric(rng.normal(size=(n, n + 1, n + 1))), symmetric(rng.normal(size=(n,) * 4))
        slope = rng.normal(size=n)
        q, psi, found = (np.empty(size, complex) for size in (n, n, 2))
        coefficients.hopf(A, slope, second, third, 1j * omega, q, psi, found)
        np.testing.assert_allclose([np.vdot(q, q), np.vdot(psi, q)], 1, atol=1e-12)
        np.testing.assert_allclose(A @ q, 1j * omega * q, atol=1e-11)
        expected = reference.hopf_coefficients(A, slope, second, third)
        np.testing.assert_allclose(found, expected, rtol=1e-8)
