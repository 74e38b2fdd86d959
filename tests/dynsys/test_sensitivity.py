"""Derivatives against finite differences, error bars against networks drawn anew."""

import numpy as np
import problems
import pytest

from dynsys.analysis import (
    bifurcation_sensitivity,
    compile_field,
    continue_branch,
    find_fixed_points,
    fixed_point_sensitivity,
)
from dynsys.populations import Populations, fit_populations
from dynsys.populations.sampling import moment_errors
from dynsys.symbolic import mean_field
from rnn import LowRankRNN, loadings
from tasks import InputError


def moved(field, name, h):
    return field.with_values(**{name: field.parameter_values[name] + h})


def field_with_means():
    """One population, rank one, with means and every covariance."""
    rng = np.random.default_rng(3)
    root = 0.6 * rng.standard_normal((4, 4)) + np.diag([1.0, 2.0, 1.0, 1.0])
    covariance = root @ root.T
    covariance[0, 1] = covariance[1, 0] = 1.8
    covariance[1, 1] += 6.0
    means = np.array([[0.02, 0.03, 0.1, 0.0]])
    return compile_field(mean_field(Populations([1.0], means, covariance[None], 1, 1, 1, "erf"), noise=0.1))


def test_fixed_points_and_eigenvalues():
    field = compile_field(mean_field(problems.rank_two_populations([[1.8, -1.0], [0.7, 1.3]])))
    field = field.with_values(noise=0.1)
    for point in find_fixed_points(field):
        found = fixed_point_sensitivity(field, point)
        for k, name in enumerate(found.names):
            h = 1e-5
            ends = []
            for side in (-h, h):
                near = find_fixed_points(moved(field, name, side))
                ends.append(min(near, key=lambda other: np.abs(other.kappa - point.kappa).max()))
            slope = (ends[1].kappa - ends[0].kappa) / (2 * h)
            np.testing.assert_allclose(found.kappa[:, k], slope, atol=1e-7)
            slope = (ends[1].eigenvalues - ends[0].eigenvalues) / (2 * h)
            np.testing.assert_allclose(found.eigenvalues[:, k], slope, atol=1e-7)


def check_bifurcation(field, start, parameter, span, kind, tolerance=1e-7):
    def values(near):
        points = continue_branch(near, start(near), parameter, span).special_points
        return np.array([p.value for p in points if p.kind == kind])

    branch = continue_branch(field, start(field), parameter, span)
    special = next(p for p in branch.special_points if p.kind == kind)
    found = bifurcation_sensitivity(field, special)
    for name, slope in zip(found.names, found.derivatives):
        if name not in field.inputs and name != parameter:
            ends = [values(moved(field, name, side)) for side in (-1e-5, 1e-5)]
            low, high = (end[np.abs(end - special.value).argmin()] for end in ends)
            assert slope == pytest.approx((high - low) / 2e-5, abs=tolerance)
    return found


def test_fold():
    """Of a network whose means break the symmetry, along the input."""
    check_bifurcation(field_with_means(), lambda f: find_fixed_points(f)[0], "v", (-2, 2), "fold")


def test_hopf():
    field = compile_field(mean_field(problems.rank_two_populations([[1.0, -1.0], [0.8, 1.1]])))
    field = field.with_values(gain=0.5, noise=0.1)
    found = check_bifurcation(field, lambda f: [0, 0], "gain", (0.5, 2), "Hopf")
    assert found.parts == ()


def test_pitchfork():
    """sigma* = sqrt(1 + pi noise / 2) / gain, whatever else; only the input parts the branches."""
    field = compile_field(mean_field(problems.rank_one_populations(0.5, sigma_nI=0.4))).with_values(noise=0.1)
    found = check_bifurcation(field, lambda f: [0.0], "sigma_mn", (0.2, 2), "pitchfork")
    slopes, at = dict(zip(found.names, found.derivatives)), np.sqrt(1 + np.pi * 0.05)
    exact = {"gain": -at, "noise": np.pi / 4 / at, "sigma_mm": 0.0}
    for name, slope in exact.items():
        assert slopes[name] == pytest.approx(slope, abs=1e-10)
    assert found.parts == ("v",) and found.error is None and found.probability_above is None


def test_errors_are_named_as_the_parameters(rng):
    populations = fit_populations(loadings(LowRankRNN(*rng.standard_normal((4, 300, 2)))), 2, rng=0)
    system, (names, covariance) = mean_field(populations), moment_errors(populations)
    errors = dict(zip(names, np.sqrt(np.diag(covariance))))
    for name, error in system.errors.items():
        assert errors[name] == pytest.approx(error, rel=1e-12)
    np.testing.assert_allclose(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > -1e-12


def drawn(sigma, units, rng):
    """A network of independent units with m = 1 in the mean square and overlap sigma."""
    m, z, I, w = rng.standard_normal((4, units, 1))
    return fit_populations(loadings(LowRankRNN(m, sigma * m + z, I, w, phi="erf")), means="zero")


def test_error_bar_of_a_pitchfork(rng):
    """g* = 1 / sigma_mn: the spread over 400 networks of 400 units is the error bar of one."""
    spread = np.std([1 / drawn(1.2, 400, rng).covariance("m", "n") for _ in range(400)])
    populations = drawn(1.2, 400, rng)
    field = compile_field(mean_field(populations))
    (point,) = continue_branch(field.with_values(gain=0.5), [0.0], "gain", (0.2, 2)).special_points
    found = bifurcation_sensitivity(field, point, errors=populations)
    assert found.error == pytest.approx(spread, rel=0.25)
    assert found.own == 1.0 and 0.5 < found.probability_above <= 1
    alone = bifurcation_sensitivity(field, point, errors={"sigma_mn": 0.1})
    assert alone.error == pytest.approx(0.1 / populations.covariance("m", "n") ** 2, rel=1e-9)


@pytest.mark.slow
def test_error_bar_of_a_fold(rng):
    """The fold along the input depends on several covariances, whose errors are tied."""

    def fold(populations):
        field = compile_field(mean_field(populations))
        points = continue_branch(field, find_fixed_points(field, -1.0)[0], "v", (-1, 1), -1.0).special_points
        return field, max((p for p in points if p.kind == "fold"), key=lambda p: p.value)

    def network():
        m, z, y, w = rng.standard_normal((4, 1000, 1))
        return fit_populations(loadings(LowRankRNN(m, 1.7 * m + 0.8 * y + z, y, w, phi="erf")), means="zero")

    spread = np.std([fold(network())[1].value for _ in range(150)])
    populations = network()
    field, point = fold(populations)
    assert bifurcation_sensitivity(field, point, errors=populations).error == pytest.approx(spread, rel=0.3)


def test_refusals():
    field = problems.cusp()
    with pytest.raises(InputError, match="eigenvalue is 0"):
        fixed_point_sensitivity(problems.cusp(0.0, 0.0), [0.0])
    with pytest.raises(InputError, match="moves with the parameters"):
        bifurcation_sensitivity(field, 3)
    fold = continue_branch(problems.cusp(-1.0), [-1.3], "mu", (-1, 1)).special_points[0]
    with pytest.raises(InputError, match="nu: not of this field"):
        bifurcation_sensitivity(field, fold, errors={"nu": 1.0})
