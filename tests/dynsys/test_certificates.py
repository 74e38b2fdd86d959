"""Proofs of fixed points: known counts, an independent check in ball arithmetic, lies that must be caught."""

import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import problems
import pytest
from balls import Checker

from dynsys.analysis import certify, compile_field, count_map, find_fixed_points, reduced_field
from dynsys.symbolic import System, codegen, mean_field
from dynsys.symbolic.derivatives import plain
from dynsys.symbolic.enclosures import enclosure_text
from rnn import LowRankRNN, load_example
from tasks.errors import InputError, Status

PLANAR = System.from_text("x' = -x + tanh(a x - y + I); y' = -y + tanh(x + b y); a = 3, b = 3; input I")
UNIT = [[-1.1, 1.1], [-1.1, 1.1]]


@pytest.fixture(scope="module")
def planar():
    return compile_field(PLANAR)


def without(certificate, k):
    """The same claim with one of its roots left out."""
    return dataclasses.replace(certificate, roots=np.delete(certificate.roots, k, axis=0))


def test_nine_roots_of_a_rate_model_are_proved_and_checked_in_ball_arithmetic(planar):
    certificate = certify(planar, {"I": 0.1}, UNIT)
    assert certificate.complete and certificate.proved == 9 and certificate.status is Status.CONVERGED
    assert Checker(PLANAR, certificate).proves()
    # each root has one box of its own, and the search from many starts finds the same nine
    found = find_fixed_points(planar, {"I": 0.1}, UNIT).kappa
    for root in found:
        holding = [
            k for k, b in enumerate(certificate.alone) if (b[:, 0] <= root).all() and (root <= b[:, 1]).all()
        ]
        assert len(holding) == 1
    assert (certificate.roots[..., 1] - certificate.roots[..., 0]).max() < 1e-13


@pytest.mark.parametrize("k", range(0, 9, 4))
def test_a_hidden_root_is_noticed(planar, k):
    certificate = certify(planar, {"I": 0.1}, UNIT)
    assert not Checker(PLANAR, without(certificate, k)).proves()


def test_a_false_root_is_noticed(planar):
    certificate = certify(planar, {"I": 0.1}, UNIT)
    moved = dataclasses.replace(certificate, roots=certificate.roots + 1e-6)
    assert not Checker(PLANAR, moved).proves()


def test_seeds_prove_nothing_by_themselves(planar):
    rng = np.random.default_rng(0)
    plainly = certify(planar, {"I": 0.1}, UNIT)
    for seeds in (
        rng.uniform(-1, 1, (30, 2)),
        np.repeat(plainly.roots.mean(axis=2), 3, axis=0),
        np.zeros((0, 2)),
    ):
        certificate = certify(planar, {"I": 0.1}, UNIT, seeds)
        assert certificate.complete and certificate.proved == 9
        np.testing.assert_allclose(certificate.roots, plainly.roots, rtol=0, atol=1e-13)


def test_points_missed_by_the_search_are_added_by_the_proof(planar):
    found = find_fixed_points(planar, {"I": 0.1}, UNIT, starts=2, certify=True)
    assert len(find_fixed_points(planar, {"I": 0.1}, UNIT, starts=2)) < 9
    assert len(found) == 9 and found.certificate.complete and found.status is Status.CONVERGED
    assert max(point.residual for point in found) < 1e-15 and "exactly 9 fixed points" in found.message
    again = find_fixed_points(planar, {"I": 0.1}, UNIT)
    np.testing.assert_allclose(found.kappa, again.kappa, rtol=0, atol=1e-12)


def test_without_outward_rounding_a_root_is_lost_and_the_check_fails():
    """a x + b x = c: the root lies between neighbouring floats, where rounding decides the sign of F."""
    system = System.from_text("x' = a x + b x - c; a = 1, b = 1, c = 1")
    plainly = compile_field(system)
    text = enclosure_text(plain(system)).replace("dynsys.numerics.intervals import", "unrounded import")
    bare = codegen.load(codegen.keep("enclosure_without_rounding.py", lambda: text))
    rng = np.random.default_rng(3)
    lies = 0
    for _ in range(60):
        a, b, c = rng.uniform(0.1, 1.0, 3)
        root = Fraction(c) / (Fraction(a) + Fraction(b))
        near = float(root)
        other = np.nextafter(near, np.inf if Fraction(near) < root else -np.inf)
        box = [sorted((near, other))]
        if near == other:
            continue
        field = plainly.with_values(a=a, b=b, c=c)
        certificate = certify(field, box=box)
        # honest: the root is proved, or the box is undecided
        assert certificate.proved + len(certificate.undecided) >= 1
        claim = certify(dataclasses.replace(field, enclose=lambda: bare), box=box)
        if claim.complete and claim.proved == 0:
            lies += 1
            assert not Checker(system, claim).proves(budget=50)
    assert lies > 0


def test_degenerate_points_are_undecided():
    flat = compile_field(System.from_text("x' = mu + lam x - x^3; mu = 0, lam = 0"))
    found = find_fixed_points(flat, certify=True)
    assert not found.certificate.complete and found.certificate.proved == 0
    assert len(found) == 1 and found[0].kind == "non-hyperbolic"
    (region,) = found.certificate.regions
    assert region[0, 0] <= 0.0 <= region[0, 1] and region[0, 1] - region[0, 0] < 1e-6
    # two roots at distance 2e-6 next to a fold are two, and proved
    close = certify(flat.with_values(mu=2 / 27**0.5 - 1e-12, lam=1.0), box=[[-2, 2]])
    assert close.complete and close.proved == 3 and np.diff(close.roots[:2, 0, 0])[0] < 3e-6


def test_a_root_on_the_face_of_the_box_is_undecided(planar):
    certificate = certify(planar, box=[[0.0, 1.1], [-1.1, 1.1]])
    assert not certificate.complete and "undecided" in certificate.message
    assert any((box[:, 0] <= 0).all() and (box[:, 1] >= 0).all() for box in certificate.undecided)


def test_exact_network_of_512_units_is_proved():
    field = reduced_field(load_example("dms"))
    certificate = certify(field)
    assert certificate.complete
    found = find_fixed_points(field)
    np.testing.assert_allclose(certificate.roots.mean(axis=2), found.kappa, rtol=0, atol=1e-9)


def test_mean_field_has_its_closed_form_roots():
    """erf, sigma_mn = 1.5: kappa* = +- sqrt((2/pi)(sigma_mn^2 - 1)) (THEORY 4)."""
    certificate = certify(compile_field(mean_field(problems.rank_one_populations(1.5))))
    exact = np.sqrt(2 / np.pi * 1.25)
    assert certificate.complete and certificate.proved == 3
    np.testing.assert_allclose(certificate.roots.mean(axis=2)[:, 0], [-exact, 0, exact], rtol=0, atol=1e-13)


def test_budget_runs_out_honestly(planar):
    certificate = certify(planar, {"I": 0.1}, UNIT, budget=7)
    assert certificate.status is Status.MAX_STEPS and not certificate.complete
    every = find_fixed_points(planar, {"I": 0.1}, UNIT).kappa
    known = [*certificate.alone, *certificate.undecided]
    for root in every:
        assert any((b[:, 0] <= root).all() and (root <= b[:, 1]).all() for b in known)


def test_numbers_over_two_parameters(planar):
    across, along = np.linspace(0, 4, 9), np.linspace(0.3, 3.9, 7)
    result = count_map(planar, ("a", across), ("b", along), {"I": 0.1}, UNIT, threads=2)
    for (i, b), (j, a) in itertools.product(enumerate(along), enumerate(across)):
        found = find_fixed_points(planar.with_values(a=a, b=b), {"I": 0.1}, UNIT, starts=600)
        assert result.counts[i, j] == len(found)
    assert (result.counts % 2 == 1).all()
    with pytest.raises(InputError, match="both are 'a'"):
        count_map(planar, ("a", across), ("a", along), box=UNIT)
    with pytest.raises(InputError, match="'c' is none of I, a, b"):
        count_map(planar, ("c", across), ("b", along), box=UNIT)
    with pytest.raises(InputError, match="no known trapping box"):
        count_map(planar, ("a", across), ("b", along))


def test_what_cannot_be_proved_is_refused(planar):
    with pytest.raises(InputError, match="F over intervals"):
        certify(problems.cusp(), box=[[-1, 1]])
    with pytest.raises(InputError, match="reversed"):
        certify(planar, box=[[1, -1], [-1, 1]])
    with pytest.raises(InputError, match="no known trapping box"):
        certify(planar)


@pytest.mark.slow
@pytest.mark.parametrize("n, count", [(1, 3), (3, 27), (6, 729)])
def test_decoupled_units_have_a_power_of_three(n, count):
    certificate = certify(problems.decoupled_tanh(n), box=[[-2, 2]] * n)
    assert certificate.complete and certificate.proved == count


@pytest.mark.slow
@pytest.mark.parametrize(
    "text, box, count",
    [
        ("x' = -(4 x (x^2 + y - 11) + 2 (x + y^2 - 7)); y' = -(2 (x^2 + y - 11) + 4 y (x + y^2 - 7))",
         [[-6, 6], [-6, 6]], 9),  # Himmelblau: 4 sinks, 4 saddles, 1 source
        ("x' = 10 (y - x); y' = 28 x - y - x z; z' = x y - 8/3 * z", [[-30, 30], [-30, 30], [-5, 50]], 3),
        ("v' = v - v^3/3 - w + 0.5; w' = 0.08 (v + 0.7 - 0.8 w)", [[-5, 5], [-5, 5]], 1),
        ("x' = sin(3 x) exp(-x/10) - y/9; y' = x^2/20 - y", [[-5, 5], [-3, 3]], None),
    ],
)  # fmt: skip
def test_other_systems_are_proved_and_checked(text, box, count):
    system = System.from_text(text)
    certificate = certify(compile_field(system), box=box)
    assert certificate.complete and (count is None or certificate.proved == count)
    assert Checker(system, certificate).proves()
    if certificate.proved > 1:
        assert not Checker(system, without(certificate, 1)).proves()


@pytest.mark.slow
def test_a_ring_is_a_continuum_and_undecided():
    field = compile_field(mean_field(problems.rank_two_populations([[2, 0], [0, 2]])))
    found = find_fixed_points(field, certify=True)
    assert len(found.continua) == 1 and not found.certificate.complete and found.certificate.proved == 1
    for state in found.continua[0].points[::5]:
        boxes = found.certificate.undecided
        assert ((boxes[..., 0] <= state + 1e-9) & (state - 1e-9 <= boxes[..., 1])).all(axis=1).any()


@pytest.mark.slow
@pytest.mark.parametrize("phi", ["tanh", "erf"])
def test_mean_fields_of_rank_two_are_proved(phi):
    certificate = certify(compile_field(mean_field(problems.rank_two_populations([[2, 0], [0, 1.5]], phi))))
    assert certificate.complete and certificate.proved == 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_random_networks_agree_with_a_search_from_many_starts(seed):
    field = reduced_field(problems.random_network(seed, 1 + seed % 2))
    for inputs in (None, [0.4, -0.3]):
        certificate, found = certify(field, inputs), find_fixed_points(field, inputs, starts=3000)
        assert certificate.complete
        np.testing.assert_allclose(certificate.roots.mean(axis=2), found.kappa, rtol=0, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("phi", ["relu", "linear", "erf"])
def test_other_activations_of_networks(phi):
    rng = np.random.default_rng(1)
    m, n = rng.standard_normal((12, 2)), 0.8 * rng.standard_normal((12, 2))
    net = LowRankRNN(m, n, rng.standard_normal((12, 1)), np.ones(12), phi=phi)
    field = reduced_field(net)
    certificate = certify(field, [0.5], box=[[-9, 9], [-9, 9]])
    found = find_fixed_points(field, [0.5], box=[[-9, 9], [-9, 9]])
    assert certificate.complete and certificate.proved == len(found)
    np.testing.assert_allclose(certificate.roots.mean(axis=2), found.kappa, rtol=0, atol=1e-9)
