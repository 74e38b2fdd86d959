"""Branches that nearly cross: none is left for the other one, however small the gap between them."""

import numpy as np
import pytest

from dynsys.analysis import bifurcation_diagram, compile_field, continue_branch, reduced_field
from dynsys.symbolic import System
from rnn import LowRankRNN


@pytest.mark.parametrize("gap", [1e-1, 3e-2, 1e-2, 3e-3, 1e-3])
@pytest.mark.parametrize("slope", [1.0, 0.1])
def test_an_imperfect_transcritical_point_keeps_its_branches_apart(gap, slope):
    """x^2 - slope p x + (slope gap / 2)^2 = 0: x = slope (p -+ sqrt(p^2 - gap^2)) / 2, folds at p = -+gap."""
    field = compile_field(System.from_text(f"x' = {slope} p x - x^2 - {(slope * gap / 2) ** 2}; p = 0"))
    diagram = bifurcation_diagram(field, "p", (-1.1, 1.7))
    np.testing.assert_allclose([point.value for point in diagram.special_points], [-gap, gap], atol=1e-9)
    left, right = sorted(diagram.branches, key=lambda branch: branch.values.mean())
    assert left.values.max() < 0 < right.values.min()
    for branch in diagram.branches:
        assert "not found" not in branch.message


def test_an_imperfect_pitchfork_in_the_plane_keeps_its_branches_apart():
    """x (p - x^2 - y) + 1e-5 with y = x / 10: folds where the derivative in x vanishes too."""
    field = compile_field(System.from_text("x' = x (p - x^2 - y) + 1e-5; y' = x / 10 - y; p = 0"))
    diagram = bifurcation_diagram(field, "p", (-1.1, 1.7), cycles=False)
    for point in diagram.special_points:
        x, p = point.kappa[0], point.value
        residuals = x * (p - x**2 - x / 10) + 1e-5, p - 3 * x**2 - x / 5
        assert point.kind != "fold" or np.abs(residuals).max() < 1e-9
    assert len(diagram.branches) == 2
    roots = np.roots([2.0, 0.1, 0.0, 1e-5])  # p from the second put into the first
    real = roots[np.abs(roots.imag) < 1e-9].real
    assert sum(point.kind == "fold" for point in diagram.special_points) == real.size


@pytest.mark.parametrize("seed", [23, 1016, 1220])
def test_a_pitchfork_lies_on_both_its_branches(seed):
    """Where a step of the side branch ends within 1e-3 of the pitchfork, Newton hardly gets there again."""
    rng = np.random.default_rng(seed)
    rank, units = int(rng.integers(1, 5)), int(rng.integers(20, 60))
    m, overlap = rng.normal(size=(units, rank)), rng.normal(size=(rank, rank)) * 1.2
    n = m @ overlap + rng.normal(size=(units, rank)) * 0.7
    I = rng.normal(size=(units, 1))
    rng.random()
    net = LowRankRNN(m, n + I * rng.normal(), I, m[:, :1])
    rng.random()
    diagram = bifurcation_diagram(reduced_field(net), "gain", (0.1, rng.uniform(1, 3)), cycles=False)
    pitchforks = [point for point in diagram.special_points if point.kind == "pitchfork"]
    for point in pitchforks:
        place = np.append(point.kappa, point.value)
        gaps = [
            np.abs(np.column_stack([b.kappa, b.values]) - place).max(axis=1).min() for b in diagram.branches
        ]
        assert np.sum(np.array(gaps) < 1e-8) == 2
    assert pitchforks


def test_what_is_stable_between_two_special_points_in_one_step_is_seen():
    """Eigenvalues p and -(p + 0.004): stable for p from -0.004 to 0 only, less than a step of the branch."""
    field = compile_field(System.from_text("x' = p x - x^3; y' = -(p + 0.004) y - y^3; p = 0"))
    branch = continue_branch(field.with_values(p=-1.0), [0.0, 0.0], "p", (-1.0, 1.0))
    assert [point.kind for point in branch.special_points] == ["pitchfork", "pitchfork"]
    (inside,) = branch.values[branch.stable]
    assert -0.004 < inside < 0
    diagram = bifurcation_diagram(field, "p", (-1.0, 1.0))
    middle = [each for each in diagram.attractors if each.low > -0.005 and each.high < 0.001]
    assert len(middle) == 1
    np.testing.assert_allclose([middle[0].low, middle[0].high], [-0.004, 0], atol=1e-9)
