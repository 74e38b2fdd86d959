"""Fixed points that hardly any start of Newton's method leads to: relu networks, whose cells may be small."""

import itertools

import numpy as np
import pytest

from dynsys.analysis import find_fixed_points, reduced_field
from dynsys.analysis.around import rare_roots, starts_around
from rnn import LowRankRNN


def piecewise(roots):
    """Units (m, n, I) of a relu network of rank one, n not divided by their number, with these fixed points.

    F is linear between the middles of neighbouring points, and has slope -1 at the first of them.
    """
    knots, slopes = (roots[1:] + roots[:-1]) / 2, [-1.0]
    for left, right, knot in zip(roots, roots[1:], knots):
        slopes.append(slopes[-1] * (knot - left) / (knot - right))
    left_end = knots[0] - (knots[0] - roots[0])  # kappa + F where the slope of kappa + F is 0
    return (
        np.append(0.0, np.ones(len(knots))),
        np.append(left_end, np.diff(slopes)),
        np.append(1.0, -knots),
    )


def product_network(roots, seed):
    """Rank R, all combinations of the given coordinates as fixed points at input 1, in an oblique gauge."""
    R, parts = len(roots), [piecewise(np.array(row, dtype=float)) for row in roots]
    counts = [len(m) for m, _, _ in parts]
    m, n = np.zeros((2, sum(counts), R))
    for r, (part, end) in enumerate(zip(parts, np.cumsum(counts))):
        m[end - counts[r] : end, r], n[end - counts[r] : end, r] = part[:2]
    rng = np.random.default_rng(seed)
    A = np.linalg.qr(rng.standard_normal((R, R)))[0] @ np.diag(rng.uniform(0.5, 2.0, R))
    I = np.concatenate([part[2] for part in parts])
    net = LowRankRNN(m @ A, len(m) * n @ np.linalg.inv(A).T, I, np.ones(len(m)), phi="relu")
    return reduced_field(net), np.array(list(itertools.product(*roots))) @ np.linalg.inv(A).T


CASES = {
    "near": [[-1, -0.3, 0.5, 1.2]] * 3,
    "wide": [[-2, -0.3, 5, 12]] * 3,
    "of three sizes": [[-1, 0.2, 3, 300]] * 3,
    "far": [[-1, 0.2, 40, 3000], [-1, 0.1, 2, 3], [-500, -100, 0, 1]],
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("boxed", [False, True])
def test_all_64_points_of_a_relu_network_of_rank_three(name, seed, boxed):
    field, exact = product_network(CASES[name], seed)
    np.testing.assert_allclose(field.rhs(exact, 1.0), 0, atol=1e-9 * np.abs(exact).max())
    reach = 1.2 * np.abs(exact).max()
    found = find_fixed_points(field, 1.0, box=[[-reach, reach]] * 3 if boxed else None)
    assert len(found) == 64
    apart = np.abs(found.kappa[:, None] - exact).max(axis=2).min(axis=0)
    assert apart.max() < 1e-8 * np.abs(exact).max()
    indices = [point.index for point in found]
    assert indices.count(1) == indices.count(-1) == 32


def cells_by_brute_force(net, v):
    """Fixed points in every cell next to a corner of the arrangement of the units' planes."""
    m, n, drive, R = net.m, net.n, net.I[:, 0] * v, net.rank
    found = []
    patterns = set()
    for chosen in itertools.combinations(range(net.units), R):
        corner = np.linalg.solve(m[list(chosen)], -drive[list(chosen)])
        for signs in itertools.product((False, True), repeat=R):
            on = m @ corner + drive > 0
            on[list(chosen)] = signs
            patterns.add(on.tobytes())
    for pattern in patterns:
        on = np.frombuffer(pattern, dtype=bool)
        active = n[on].T / net.units
        kappa = np.linalg.solve(active @ m[on] - np.eye(R), -active @ drive[on])
        if ((m @ kappa + drive > 0) == on).all():
            found.append(kappa)
    return np.array(found).reshape(-1, R)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_relu_networks_against_every_cell(seed):
    rng = np.random.default_rng(seed)
    m, mixed = rng.standard_normal((16, 3)), rng.standard_normal((3, 3))
    n = 4.5 * (0.6 * m @ mixed + rng.standard_normal((16, 3)))
    net = LowRankRNN(m, n, rng.standard_normal(16), np.ones(16), phi="relu")
    exact, found = cells_by_brute_force(net, 1.0), find_fixed_points(reduced_field(net), 1.0)
    assert len(found) == len(exact)
    if len(exact):
        assert np.abs(found.kappa[:, None] - exact).max(axis=2).min(axis=0).max() < 1e-8


def test_points_that_single_starts_led_to_are_said(monkeypatch):
    field, exact = product_network(CASES["far"], 0)
    reach = 1.2 * np.abs(exact).max()
    monkeypatch.setattr("dynsys.analysis.fixed_points.RARE_ROUNDS", 1)
    monkeypatch.setattr("dynsys.analysis.fixed_points.ROUNDS", 1)
    found = find_fixed_points(field, 1.0, box=[[-reach, reach]] * 3)
    assert len(found) < 64 and found.counts["rare"] > 0
    assert "there may be more; certify=True" in found.message


def test_rare_are_those_that_one_start_led_to():
    roots, box = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[-2.0, 2.0]] * 2)
    assert rare_roots(roots, np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]), box) == 1
    assert rare_roots(roots, np.zeros((0, 2)), box) == rare_roots(np.zeros((0, 2)), roots, box) == 0


def test_starts_around_nothing_are_none():
    assert len(starts_around(np.zeros((0, 3)), np.array([[-1.0, 1.0]] * 3), np.random.default_rng(0))) == 0
