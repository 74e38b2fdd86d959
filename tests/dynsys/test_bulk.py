"""A random bulk beside the low-rank part, against direct integration and networks that have one (THEORY)."""

import numpy as np
import pytest
import sympy
from reference import ACTIVATIONS

from dynsys.analysis import compile_field, continue_branch, find_fixed_points, run_circuit
from dynsys.numerics.gaussian import erf_squared_expectations
from dynsys.populations import Populations, redraw
from dynsys.symbolic import mean_field, origin_hopf, to_latex
from dynsys.symbolic.bulk import ErfSquared, mean_square, mean_square_slope
from tasks import InputError, get_task

XI = np.arange(-9, 9, 1e-3)
WEIGHTS = np.exp(-(XI**2) / 2) * 1e-3 / np.sqrt(2 * np.pi)


def two_populations(phi="tanh", **options):
    covariances = [
        [[1.2, 1.6, 0.2, 1.0], [1.6, 5.0, 0.5, 0.3], [0.2, 0.5, 0.8, 0.2], [1.0, 0.3, 0.2, 2.0]],
        [[1.2, 0.6, -0.3, 1.0], [0.6, 5.0, 1.0, 0.3], [-0.3, 1.0, 0.8, 0.2], [1.0, 0.3, 0.2, 2.0]],
    ]
    means = [[0.2, 0.3, -0.1, 0.2], [-0.3, 0.4, 0.5, -0.1]]
    return Populations([0.6, 0.4], means, covariances, 1, 1, 1, phi=phi, **options)


def rank_one(overlap, phi="tanh"):
    covariance = [[1.0, overlap], [overlap, 6.0]]
    return Populations([1.0], np.zeros((1, 2)), [covariance], 1, 0, 0, phi=phi, means_kind="zero")


def stationary_network(populations, units, bulk, gain, v, start, seed):
    """A network with a bulk, relaxed: kappa, Delta_0, z and its Jacobian + 1."""
    rng = np.random.default_rng(seed)
    net = redraw(populations, units, rng=rng, exact_moments=True)
    chi = gain * bulk * rng.standard_normal((units, units)) / np.sqrt(units)
    J = chi + gain * net.m @ net.n.T / units
    phi, slope = ACTIVATIONS[populations.phi]
    drive = (net.I * v).sum(axis=1)
    x = (net.m * start).sum(axis=1) + drive
    for _ in range(300):
        x += 0.4 * (-x + J @ phi(x) + drive)
    kappa = gain * net.n.T @ phi(x) / units
    z = net.w.T @ phi(x) / units if net.output_count else np.zeros(0)
    return np.concatenate([kappa, [np.var(chi @ phi(x))], z]), J * slope(x)


@pytest.mark.parametrize("phi", ["tanh", "erf", "relu", "linear"])
@pytest.mark.parametrize("mu, Delta", [(0.0, 0.9), (0.7, 0.04), (-1.9, 3.0)])
def test_squares_equal_direct_integration(phi, mu, Delta):
    f, slope = ACTIVATIONS[phi]
    x = mu + np.sqrt(Delta) * XI
    numbers = sympy.Float(mu) if mu else sympy.S.Zero, sympy.Float(Delta, 17)
    tolerance = 1e-6 if phi == "relu" else 1e-10  # the kink
    assert float(mean_square(phi, *numbers)) == pytest.approx(WEIGHTS @ f(x) ** 2, abs=tolerance)
    tolerance = 1e-3 if phi == "relu" else 1e-10  # the jump
    assert float(mean_square_slope(phi, *numbers)) == pytest.approx(WEIGHTS @ slope(x) ** 2, abs=tolerance)


@pytest.mark.parametrize("mu, Delta", [(0.4, 0.0), (-1.3, 0.5), (2.0, 30.0), (30.0, 0.1)])
def test_derivatives_of_the_square_of_erf(mu, Delta):
    """By Hermite polynomials under the integral: E f^(k) = E f(mu + s xi) He_k(xi) / s^k."""
    out = np.empty(7)
    erf_squared_expectations(0, 6, mu, Delta, out)
    f = ACTIVATIONS["erf"][0]
    if Delta == 0:
        exact = [ErfSquared(k, sympy.Float(mu, 17), 0).doit() for k in range(7)]
        np.testing.assert_allclose(out, [float(value) for value in exact], rtol=1e-12, atol=1e-13)
        return
    s = np.sqrt(Delta)
    square = f(mu + s * XI) ** 2 - (1.0 if mu > 6 * s else 0.0)  # the constant integrates to nothing
    for k in range(7):
        expected = WEIGHTS @ (square * np.polynomial.hermite_e.hermeval(XI, np.eye(7)[k])) / s**k
        assert out[k] == pytest.approx(expected + (k == 0 and mu > 6 * s), abs=1e-11 / s**k)
    symbolic = ErfSquared(2, sympy.Float(mu, 17), sympy.Float(Delta, 17)).doit()
    assert float(symbolic) == pytest.approx(out[2], rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("phi", ["tanh", "erf"])
def test_right_hand_side_and_jacobian_equal_direct_integration(phi):
    populations, gain, bulk, v = two_populations(phi), 1.3, 0.7, 0.4
    field = compile_field(mean_field(populations, bulk=bulk), gain=gain)
    f, slope = ACTIVATIONS[phi]

    def expected(state):
        kappa, Delta_0 = state
        drive, square, steepness = 0.0, 0.0, 0.0
        for weight, a, C in zip(populations.weights, populations.means, populations.covariances):
            y = np.array([kappa, v])
            mu, Delta = a[[0, 2]] @ y, y @ C[np.ix_([0, 2], [0, 2])] @ y + Delta_0
            x = mu + np.sqrt(Delta) * XI
            n = a[1] + C[1, [0, 2]] @ y / Delta * (x - mu)  # regression of n on x
            drive += weight * WEIGHTS @ (n * f(x))
            square += weight * WEIGHTS @ f(x) ** 2
            steepness += weight * WEIGHTS @ slope(x) ** 2
        return np.array([gain * drive - kappa, (gain * bulk) ** 2 * square - Delta_0]), steepness

    state, h = np.array([0.6, 0.3]), 1e-3
    right, steepness = expected(state)
    np.testing.assert_allclose(field.rhs(state, v), right, atol=1e-12)
    assert field.outputs(state, v)[1] == pytest.approx((gain * bulk) ** 2 * steepness, rel=1e-12)
    slopes = np.empty((2, 2))
    for s in range(2):
        d = h * np.eye(2)[s]
        one, two = (expected(state + k * d)[0] - expected(state - k * d)[0] for k in (1, 2))
        slopes[:, s] = (8 * one - two) / (12 * h)
    np.testing.assert_allclose(field.jacobian(state, v), slopes, atol=1e-9)


@pytest.mark.parametrize(
    "phi, gain, bulk",
    [
        ("tanh", 1.0, 0.8),
        pytest.param("erf", 1.1, 0.7, marks=pytest.mark.slow),
        pytest.param("relu", 0.7, 0.5, marks=pytest.mark.slow),
    ],
)
def test_networks_with_a_bulk_settle_where_it_says(phi, gain, bulk):
    populations = two_populations(phi)
    field = compile_field(mean_field(populations, bulk=bulk), gain=gain)
    (point,) = find_fixed_points(field, 0.4)
    found = np.mean(
        [stationary_network(populations, 600, bulk, gain, [0.4], point.kappa[:1], k)[0] for k in range(6)],
        axis=0,
    )
    # standard errors over draws: about 0.03, 0.01 and 0.01
    np.testing.assert_allclose(found, [*point.kappa, point.outputs[0]], atol=0.1)
    assert found[1] == pytest.approx(point.kappa[1], rel=0.2)
    assert point.stable and point.bulk_radius == pytest.approx(np.sqrt(point.outputs[1]))


@pytest.mark.slow
def test_the_spectrum_of_such_a_network_is_a_disk_and_outliers():
    populations, bulk = rank_one(1.35), 0.6
    field = compile_field(mean_field(populations, bulk=bulk))
    points = find_fixed_points(field)
    up = points[-1]
    assert [p.kind for p in points] == ["stable node", "saddle", "stable node"] and up.bulk_radius < 0.6
    spectra = [
        np.linalg.eigvals(stationary_network(populations, 500, bulk, 1.0, [], up.kappa[:1], k)[1])
        for k in range(4)
    ]
    spectra = [eigenvalues[np.argsort(-np.abs(eigenvalues))] for eigenvalues in spectra]
    outliers = [eigenvalues[0].real for eigenvalues in spectra]
    assert np.mean(outliers) == pytest.approx(1 + up.eigenvalues[0].real, abs=0.05)
    assert np.mean([np.abs(e[1]) for e in spectra]) == pytest.approx(up.bulk_radius, abs=0.05)


def test_the_origin_has_the_overlap_and_the_strength_as_eigenvalues():
    field = compile_field(mean_field(rank_one(1.5), bulk=0.6))
    np.testing.assert_allclose(field.jacobian([0.0, 0.0]), [[0.5, 0.0], [0.0, 0.36 - 1]], atol=1e-14)
    assert field.outputs([0.0, 0.0])[0] == pytest.approx(0.36)


def test_a_bulk_that_is_too_strong_makes_every_state_unstable():
    points = find_fixed_points(compile_field(mean_field(rank_one(0.5), bulk=1.5)))
    assert len(points) == 2 and not points.stable
    silent, frozen = points
    assert silent.kind == "saddle" and silent.bulk_radius == pytest.approx(1.5)
    # frozen disorder attracts in the reduced equations, but not the network
    assert frozen.eigenvalues.real.max() < 0 and frozen.bulk_radius > 1 and frozen.kind == "saddle"
    assert "radius of the bulk 1.5" in repr(silent) and not silent.euler_stable


def test_continuation_in_the_strength_sees_the_edge():
    field = compile_field(mean_field(rank_one(0.5), bulk=0.5))
    branch = continue_branch(field, [0.0, 0.0], "bulk", (0.2, 0.95))
    assert branch.stable.all()
    branch = continue_branch(field.with_values(bulk=1.2), [0.0, 0.0], "bulk", (1.1, 1.3))
    assert not branch.stable.any()


def test_without_strength_it_is_the_mean_field_itself():
    populations = two_populations()
    field, plain = compile_field(mean_field(populations, bulk=0.0)), compile_field(mean_field(populations))
    np.testing.assert_allclose(field.rhs([0.4, 0.0], 0.3), [*plain.rhs([0.4], 0.3), 0.0], atol=1e-15)


def test_it_refuses_what_it_cannot_do():
    populations = two_populations()
    with pytest.raises(InputError, match="without time-varying noise"):
        mean_field(populations, noise=0.1, bulk=0.5)
    with pytest.raises(InputError, match="bulk"):
        mean_field(populations, bulk=-0.5)
    with pytest.raises(InputError, match="have no cycles"):
        origin_hopf(mean_field(rank_one(1.5), bulk=0.5))
    field = compile_field(mean_field(populations, bulk=0.5))
    with pytest.raises(InputError, match="holds at stationary states only, for constant input without noise"):
        run_circuit(field, get_task("rdm").trials(2, rng=0))


def test_printed_equations_are_those_of_a_state_not_of_a_motion():
    for phi in ("tanh", "erf", "relu", "linear"):
        system = mean_field(two_populations(phi), bulk=0.5)
        for options in ({}, {"expectation": "formula"}, {"values": True, "environment": "cases"}):
            text = to_latex(system, **options)
            assert r"\frac{d" not in text.split(r"\langle f")[0] and r"v &= u" in text.replace(
                "v = u", "v &= u"
            )
            assert r"\langle\phi^2\rangle" in text and r"\langle\phi'^2\rangle" in text
        assert r"g_{\chi}^{2}" in to_latex(system)
