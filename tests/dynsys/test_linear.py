"""Small linear algebra against numpy."""

import numpy as np
import pytest

from dynsys.numerics.linear import eliminate, null_direction, null_pair, pair_sums


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


def singular(rng, n, values, units):
    """A matrix with these singular values, after a change of units, and its unit null vectors."""
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    matrix = units[:, None] * (left @ np.diag(values) @ right) / units
    q, psi = units * right[0], left[:, 0] / units
    return matrix, q / np.linalg.norm(q), psi / np.linalg.norm(psi)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("decades, tolerance", [(0, 1e-13), (6, 1e-7)])
def test_null_vectors(rng, n, decades, tolerance):
    """Of matrices that are singular, or nearly so, in equal and in very different units."""
    for smallest in (0.0, 1e-12, 1e-8):
        for _ in range(20):
            values = np.append(smallest, rng.uniform(0.3, 2.0, n - 1))
            units = 10 ** rng.uniform(-decades / 2, decades / 2, n)
            matrix, *exact = singular(rng, n, values, units if smallest == 0 else np.ones(n))
            found = np.empty(n), np.empty(n)
            residual = null_pair(matrix, 1.0, *found)
            assert residual <= smallest + 1e-15
            for one, other in zip(found, exact):
                assert one[np.abs(one).argmax()] > 0
                np.testing.assert_allclose(np.abs(one @ other), 1, atol=tolerance)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_one_of_several_null_vectors(rng, n):
    for _ in range(20):
        values = np.append(np.zeros(2), rng.uniform(0.3, 2.0, n - 2))
        matrix, *_ = singular(rng, n, values, np.ones(n))
        q, psi = np.empty(n), np.empty(n)
        assert null_pair(matrix, 1.0, q, psi) <= 1e-14
        np.testing.assert_allclose([q @ q, psi @ psi], 1, atol=1e-12)
        np.testing.assert_allclose([*(matrix @ q), *(matrix.T @ psi)], 0, atol=1e-12)


def test_no_null_vectors():
    q, psi = np.empty(2), np.empty(2)
    assert np.isnan(null_pair(np.array([[0.0, np.nan], [0.0, 0.0]]), 1.0, q, psi))
    assert null_pair(np.eye(2), 1.0, q, psi) == pytest.approx(1.0)
    assert null_pair(1e-9 * np.eye(2), 1e-9, q, psi) == pytest.approx(1.0)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_null_direction(rng, n):
    for _ in range(20):
        matrix, out = rng.standard_normal((n, n + 1)), np.empty(n + 1)
        assert null_direction(matrix, out) and out[-1] >= 0
        np.testing.assert_allclose([out @ out, *(matrix @ out + 1)], 1, atol=1e-12)
        matrix[-1] = 0.0 if n == 1 else matrix[0]
        assert not null_direction(matrix, out)
