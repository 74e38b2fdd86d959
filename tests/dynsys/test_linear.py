"""Small linear algebra against numpy."""

import numpy as np
import pytest

from dynsys.numerics.linear import eliminate, pair_sums


@pytest.mark.parametrize("n", [1, 2, 5, 15])
def test_solution_and_determinant(rng, n):
    a, b = rng.standard_normal((n, n)), rng.standard_normal(n)
    x = b.copy()
    determinant = eliminate(a.copy(), x)
    np.testing.assert_allclose(a @ x, b, atol=1e-10)
    np.testing.assert_allclose(determinant, np.linalg.det(a), rtol=1e-10)


def test_a_singular_matrix_has_determinant_zero():
    b = np.ones(2)
    assert eliminate(np.array([[1.0, 2.0], [2.0, 4.0]]), b) == 0.0
    assert np.isfinite(b).all()


@pytest.mark.parametrize("n", [2, 3, 6])
def test_pair_sums_have_the_sums_of_eigenvalues(rng, n):
    a = rng.standard_normal((n, n))
    pairs = np.empty((n * (n - 1) // 2,) * 2)
    pair_sums(a.ravel(), pairs)
    eigenvalues = np.linalg.eigvals(a)
    sums = [eigenvalues[i] + eigenvalues[j] for i in range(n) for j in range(i)]
    np.testing.assert_allclose(
        np.sort_complex(np.linalg.eigvals(pairs).astype(complex)), np.sort_complex(sums), atol=1e-10
    )
