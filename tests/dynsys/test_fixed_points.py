"""Fixed points against closed forms, published numbers, counts known from theory, and a slow search."""

import numpy as np
import problems
import pytest
from scipy.optimize import brentq, root

from dynsys.analysis import bifurcation_diagram, compile_field, find_fixed_points, reduced_field
from dynsys.analysis.equilibria import classify
from dynsys.populations import Populations, fit_populations
from dynsys.symbolic import System, mean_field
from rnn import LowRankRNN, loadings
from tasks import InputError, OutcomeError, Status


def slow_search(field, inputs, starts, rng):
    """Roots by scipy from random starts in the trapping box, one after another."""
    low, high = field.trapping_box().T
    found = []
    for _ in range(starts):
        solution = root(field.rhs, rng.uniform(low, high), (inputs,), jac=field.jacobian, tol=1e-12)
        fresh = not any(np.abs(solution.x - other).max() < 1e-6 for other in found)
        if fresh and np.abs(field.rhs(solution.x, inputs)).max() < 1e-10:
            found.append(solution.x)
    return np.array(found)


def test_closed_form_of_the_erf_network():
    """D11: kappa* = sqrt((2 / pi) (sigma_mn^2 - 1)), eigenvalue 1 / sigma_mn^2 - 1."""
    found = find_fixed_points(compile_field(mean_field(problems.rank_one_populations(1.5))))
    kappa = np.sqrt(2 / np.pi * (1.5**2 - 1))
    np.testing.assert_allclose(found.kappa[:, 0], [-kappa, 0, kappa], atol=1e-12)
    np.testing.assert_allclose(found[2].kappa, 0.892062058076, atol=1e-12)
    np.testing.assert_allclose(found[2].eigenvalues, [-0.5555555556], atol=1e-10)
    np.testing.assert_allclose(found[1].eigenvalues, [0.5], atol=1e-12)
    assert [p.kind for p in found] == ["stable node", "unstable node", "stable node"]
    assert [p.index for p in found] == [1, -1, 1] and found.index_sum == 1 and found.status.ok
    assert [p.euler_stable for p in found] == [True, False, True]


def test_two_eigenvalues_make_five_points():
    """D11: rank two, diag(s1 > s2 > 1): a source, two sinks, two saddles."""
    field = compile_field(mean_field(problems.rank_two_populations(np.diag([2.0, 1.5]))))
    found = find_fixed_points(field)
    kinds = sorted(point.kind for point in found)
    assert kinds == ["saddle", "saddle", "stable node", "stable node", "unstable node"]
    assert found.index_sum == 1 and len(found.stable) == 2
    saddle = next(point for point in found if point.kind == "saddle")
    assert saddle.unstable_directions == 1
    sizes = np.sort(np.abs(found.kappa).max(axis=1))
    expected = np.sqrt(2 / np.pi * (np.array([1.0, 1.5, 1.5, 2.0, 2.0]) ** 2 - 1))
    np.testing.assert_allclose(sizes, expected, atol=1e-10)


def test_a_ring_is_one_continuum():
    """D11: equal eigenvalues s give the circle |kappa|^2 = (2 / pi)(s^2 - 1)."""
    found = find_fixed_points(compile_field(mean_field(problems.rank_two_populations(1.5 * np.eye(2)))))
    assert len(found) == 1 and found[0].kind == "unstable node" and len(found.continua) == 1
    ring = found.continua[0]
    np.testing.assert_allclose(np.linalg.norm(ring.points, axis=1), 0.892062058076, atol=1e-9)
    np.testing.assert_allclose((ring.points * ring.tangents).sum(axis=1), 0, atol=1e-6)
    angles = np.sort(np.arctan2(*ring.points.T))
    assert np.diff(angles).max() < 0.3 and 20 < len(ring.points) < 500
    assert ring.dimension == 1 and "not isolated" in found.message


def test_a_line_of_fixed_points():
    line = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4), phi="linear")
    found = find_fixed_points(reduced_field(line), box=[[-1, 1]])
    assert len(found) == 0 and len(found.continua) == 1


def test_a_sphere_of_fixed_points():
    x = problems.sympy.symbols("x1:4")
    radius = sum(xi**2 for xi in x)
    found = find_fixed_points(compile_field(System([xi * (1 - radius) for xi in x], x)), box=[[-2, 2]] * 3)
    assert len(found) == 1 and found.continua[0].dimension == 2
    np.testing.assert_allclose(np.linalg.norm(found.continua[0].points, axis=1), 1, atol=1e-7)


@pytest.mark.parametrize("apart", [1e-6, 1e-4, 1e-2])
def test_points_next_to_a_fold_are_told_apart(apart):
    x = problems.sympy.Symbol("x")
    half = problems.sympy.Float(apart / 2, 17)
    field = compile_field(System([half**2 - (x - problems.sympy.Float(0.3, 17)) ** 2], [x]))
    found = find_fixed_points(field, box=[[-1, 1]])
    np.testing.assert_allclose(found.kappa[:, 0], [0.3 - apart / 2, 0.3 + apart / 2], rtol=0, atol=2e-9)
    assert [point.kind for point in found] == ["unstable node", "stable node"]


@pytest.mark.parametrize("apart", [1e-6, 1e-4])
def test_points_next_to_a_fold_are_told_apart_in_the_plane(apart):
    x, y = problems.sympy.symbols("x y")
    half = problems.sympy.Float(apart / 2, 17)
    field = compile_field(System([half**2 - (x - problems.sympy.Float(0.3, 17)) ** 2, x - y], [x, y]))
    found = find_fixed_points(field, box=[[-1, 1], [-1, 1]])
    np.testing.assert_allclose(found.kappa[:, 0], [0.3 - apart / 2, 0.3 + apart / 2], rtol=0, atol=5e-9)
    assert [point.kind for point in found] == ["saddle", "stable node"]


def test_a_fold_itself_is_one_point():
    fold = 2 / (3 * np.sqrt(3))
    found = find_fixed_points(problems.cusp(fold, 1.0), box=[[-3, 3]])
    np.testing.assert_allclose(found.kappa[:, 0], [-1 / np.sqrt(3), 2 / np.sqrt(3)], atol=1e-7)
    assert [point.kind for point in found] == ["non-hyperbolic", "stable node"]
    assert "zero eigenvalue" in found.message


def test_a_pitchfork_itself_is_one_point():
    found = find_fixed_points(problems.cusp(0.0, 0.0), box=[[-3, 2]])
    assert len(found) == 1 and found[0].kind == "non-hyperbolic" and abs(found[0].kappa[0]) < 1e-5


def test_all_roots_of_a_wave():
    """Sixty-one zeros of sin, among them none that the grid hits except 0."""
    x = problems.sympy.Symbol("x")
    found = find_fixed_points(compile_field(System([problems.sympy.sin(x)], [x])), box=[[-96, 95]])
    np.testing.assert_allclose(found.kappa[:, 0], np.pi * np.arange(-30, 31), atol=1e-12)


def test_himmelblau():
    """D12: nine equilibria of a gradient flow: 4 sinks, 4 saddles, a source."""
    found = find_fixed_points(problems.himmelblau(), box=[[-6, 6], [-6, 6]])
    kinds = [point.kind for point in found]
    assert (kinds.count("stable node"), kinds.count("saddle"), kinds.count("unstable node")) == (4, 4, 1)
    source = found[kinds.index("unstable node")]
    np.testing.assert_allclose(source.kappa, [-0.27084459, -0.92303856], atol=1e-8)


def test_cubes_of_points():
    """D12: x = tanh(1.8 x) in R^3 has 3^3 solutions."""
    found = find_fixed_points(problems.decoupled_tanh(3), box=[[-1.1, 1.1]] * 3)
    assert len(found) == 27 and len(found.stable) == 8
    edge = brentq(lambda x: np.tanh(1.8 * x) - x, 0.1, 1.0, xtol=1e-15)
    np.testing.assert_allclose(np.unique(found.kappa.round(9)), [-edge, 0, edge], atol=1e-8)


@pytest.mark.parametrize("seed", range(12))
def test_against_a_slow_search(seed):
    rank = 1 + seed % 3
    field, v = reduced_field(problems.random_network(seed, rank)), [0.1 * (seed % 4), -0.1]
    found = find_fixed_points(field, v)
    slow = slow_search(field, v, 40 * rank**2, np.random.default_rng(seed))
    assert found.index_sum == 1 and found.status is Status.CONVERGED
    assert len(found) >= len(slow)
    for state in slow:
        assert np.abs(found.kappa - state).max(axis=1).min() < 1e-8
    for point in found:
        assert point.residual < 1e-13


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 200))
def test_against_a_slow_search_at_length(seed):
    test_against_a_slow_search(seed)


def test_starts_are_the_same_each_time_and_rng_shifts_them(rng):
    field = reduced_field(problems.random_network(1, 2))
    first, second, shifted = (find_fixed_points(field, rng=r) for r in (None, None, 7))
    np.testing.assert_array_equal(first.kappa, second.kappa)
    np.testing.assert_allclose(first.kappa, shifted.kappa, atol=1e-9)


def test_counts_are_reported():
    found = find_fixed_points(problems.reactor(17, 0.12), box=[[-5, 5], [-5, 5]], starts=64)
    assert found.counts["starts"] == 64 and found.counts["converged"] + found.counts["dropped"] == 64
    assert f"{found.counts['converged']} of 64 starts converged" in found.message
    assert len(found) == 3


def test_a_missed_point_is_said():
    field = compile_field(mean_field(problems.rank_two_populations(np.diag([2.0, 1.5]))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dynsys.analysis.fixed_points.ROUNDS", 1)
        found = find_fixed_points(field, starts=2)
        assert found.status is Status.NOT_CONVERGED and "a point is missing" in found.message
        with pytest.raises(OutcomeError, match="a point is missing"):
            find_fixed_points(field, starts=2, strict=True)
    assert len(find_fixed_points(field, starts=2)) >= len(found)  # otherwise it searches again by itself


def test_nothing_to_find():
    x = problems.sympy.Symbol("x")
    found = find_fixed_points(compile_field(System([1 + x**2], [x])), box=[[-5, 5]])
    assert len(found) == 0 and found.status.ok and found.kappa.shape == (0, 1)
    assert "0 fixed points" in repr(found) and "<table>" in found._repr_html_()


def test_unbounded_networks_search_growing_boxes():
    net = LowRankRNN([1.0, -1.0], [0.5, 1.0], [0.0, 0.0], [1.0, 1.0], phi="relu")
    found = find_fixed_points(reduced_field(net))
    assert "boxes up to" in found.message
    assert any(abs(point.kappa[0]) < 1e-12 for point in found)
    far = compile_field(System([problems.sympy.Float(20) - problems.sympy.Symbol("x")], ["x"]))
    np.testing.assert_allclose(find_fixed_points(far).kappa, [[20.0]])
    # The second box brings nothing new, but Newton's method meets points beyond it.
    wings = find_fixed_points(problems.lorenz(28.0)).kappa
    np.testing.assert_allclose(
        wings, [[-(72**0.5), -(72**0.5), 27], [0, 0, 0], [72**0.5, 72**0.5, 27]], atol=1e-9
    )


def relu_populations(means):
    covariance = np.eye(4)
    covariance[0, 1] = covariance[1, 0] = 3.0
    covariance[1, 1] = 12.0
    return Populations([1.0], [means], covariance[None], rank=1, inputs=1, outputs=1, phi="relu")


def test_relu_with_zero_means_is_linear_through_its_origin():
    """mu = 0 makes the slope 1/2 at every Delta > 0: F = (sigma_mn / 2 - 1) kappa, at Delta = 0 too."""
    (point,) = find_fixed_points(compile_field(mean_field(relu_populations([0.0] * 4))))
    np.testing.assert_allclose(point.kappa, 0.0, atol=1e-12)
    np.testing.assert_allclose(point.eigenvalues, 0.5, atol=1e-9)
    assert point.kind == "unstable node"


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_kink_has_no_eigenvalues_and_that_is_said(rng, rank):
    """Without input every unit of a relu network sits on its kink: no slope of F, on either side another."""
    m, z = rng.standard_normal((2, 40, rank))
    net = LowRankRNN(m, m + z, rng.standard_normal(40), m[:, :1], phi="relu")
    for field in (reduced_field(net), compile_field(mean_field(fit_populations(loadings(net))))):
        aside = 1e-6 * np.eye(rank)[:1]
        sides = [field.jacobian(step)[0] for step in (aside, -aside)]
        assert np.abs(sides[0] - sides[1]).max() > 1e-3
        found = find_fixed_points(field)
        (point,) = [point for point in found if np.abs(point.kappa).max() < 1e-9]
        assert point.kind == "non-hyperbolic" and point.index == 0 and point.euler_stable is None
        assert np.isnan(point.eigenvalues).all() and not point.stable and point.unstable_directions == 0
        assert "F has a kink at 1 of them" in found.message and "nan" in found._repr_html_()
        diagram = bifurcation_diagram(field, "gain", (0.1, 0.2))
        assert "9 fixed points could not be followed" in diagram.message and not diagram.status.ok
        away = find_fixed_points(field, {"v": 0.3}, box=[[-1, 1]] * rank)
        assert all(np.isfinite(point.eigenvalues).all() for point in away)


def test_units_without_loadings_make_no_kink():
    """Their x is always 0, but nothing depends on them."""
    m = np.array([1.0, 1.0, -1.0, 0.0])
    net = LowRankRNN(m, [0.5, 1.0, 2.0, 3.0], [0.5, 0.4, 0.0, 0.0], m, phi="relu")
    slope = (0.5 + 1.0) / 4 - 1
    assert reduced_field(net).jacobian([1.0], 0.1)[0, 0] == pytest.approx(slope, abs=1e-15)


def test_every_gain_has_its_box():
    field = compile_field(mean_field(problems.rank_one_populations(1.5, phi="tanh")))
    for gain in (0.0, 0.5, 1.0, 40.0):
        assert find_fixed_points(field.with_values(gain=gain), 0.2).index_sum == 1


@pytest.mark.parametrize(
    "box, words",
    [
        ([[1, -1]], "row 0 is reversed or empty"),
        ([[0, np.nan]], "box: 1 of 2 entries"),
        ([[-1e9, 1e9]], "above the limit"),
        ([[-1, 1], [-1, 1]], "expected"),
    ],
)
def test_bad_boxes(box, words):
    with pytest.raises(InputError, match=words):
        find_fixed_points(problems.cusp(), box=box)


def test_a_field_that_is_not_finite():
    x = problems.sympy.Symbol("x")
    with pytest.raises(InputError, match="not finite"):
        find_fixed_points(compile_field(System([problems.sympy.log(x)], [x])), box=[[-1, 1]])


def test_kinds():
    assert classify([-1 + 1j, -1 - 1j]) == ("stable focus", 1)
    assert classify([1, 2]) == ("unstable node", 1)
    assert classify([1, 2, -1]) == ("saddle", 1)
    assert classify([0, -1]) == ("non-hyperbolic", 0)
    assert classify([1j, -1j]) == ("non-hyperbolic", 1)


@pytest.mark.parametrize("name", ["rdm_lr_fig2", "mante_lr_fig1"])
@pytest.mark.parametrize("which", ["finite", "K1_mean"])
def test_published_networks(published, name, which):
    field = problems.published_fields(published, name)[which]
    for case in problems.expected(published)[name][which].values():
        found = find_fixed_points(field, case["v"])
        points = case["fixed_points"]
        np.testing.assert_allclose(found.kappa, [p["kappa"] for p in points], rtol=0, atol=1e-9)
        np.testing.assert_allclose(
            [p.eigenvalues.real for p in found], [p["eig_re"] for p in points], rtol=0, atol=1e-6
        )
        assert [(p.kind, p.index) for p in found] == [(p["kind"], p["index"]) for p in points]


@pytest.mark.parametrize("rho", [100.0, 280.0, 1000.0, 5000.0])
def test_points_far_outside_the_first_boxes_are_found_without_a_box(rho):
    from_text = "x' = 10 (y - x); y' = x (rho - z) - y; z' = x y - 8/3 * z; parameter rho"
    found = find_fixed_points(compile_field(System.from_text(from_text, parameters={"rho": rho})))
    wing = np.sqrt(8 / 3 * (rho - 1))
    expected = [[-wing, -wing, rho - 1], [0, 0, 0], [wing, wing, rho - 1]]
    np.testing.assert_allclose(found.kappa, expected, rtol=1e-9, atol=1e-9)


def test_a_field_that_fades_away_has_no_far_points():
    found = find_fixed_points(compile_field(System.from_text("x' = x exp(-x); y' = -y")))
    assert len(found) == 1 and found.box.max() < 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x' = x (x - 100)", [0.0, 100.0]),
        ("x' = log(x) + 5", [np.exp(-5)]),
        ("x' = 0.01 - sqrt(x)", [1e-4]),
        ("x' = exp(exp(x)) - 5", [np.log(np.log(5))]),
        ("x' = 1/(x - 0.123) - 1", [1.123]),
        ("x' = 0.5 - heaviside(x - 0.3)", []),
        ("x' = tanh(1e9 (x - 0.3))", [0.3]),
    ],
)
def test_a_line_is_searched_where_f_is_finite_and_poles_and_jumps_are_no_roots(text, expected):
    found = find_fixed_points(compile_field(System.from_text(text)))
    np.testing.assert_allclose(found.kappa[:, 0], expected, rtol=1e-9, atol=1e-12)
