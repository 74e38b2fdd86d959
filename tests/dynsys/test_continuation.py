"""Branches and special points against published values, closed forms and relations that must hold."""

import numpy as np
import problems
import pytest
from problems import points

from dynsys.analysis import compile_field, continue_branch, find_fixed_points, reduced_field
from dynsys.symbolic import System, mean_field
from rnn import LowRankRNN
from tasks import Status

# What is held to the problems' own accuracy, and what the stated digits of a published value allow.
EXACT, DIGITS = 1e-12, 6e-11


def check_branch(field, branch, parameter):
    """Relations that hold on every branch: F = 0 and the right eigenvalues everywhere."""
    for value, state, eigenvalues in zip(branch.values, branch.kappa, branch.eigenvalues):
        at = field.with_values(**{parameter: value})
        assert np.abs(at.rhs(state)).max() < 1e-9 * (1 + np.abs(state).max())
        np.testing.assert_allclose(
            np.sort_complex(np.linalg.eigvals(at.jacobian(state))), np.sort_complex(eigenvalues), atol=1e-7
        )


def test_folds_of_the_cusp():
    """D1: folds at mu = -+0.3849001795, x = +-1/sqrt(3), a = -+sqrt(3)."""
    field = problems.cusp(-1.0)
    branch = continue_branch(field, [-1.3], "mu", (-1, 1))
    check_branch(field, branch, "mu")
    assert branch.status is Status.REACHED_SPAN and branch.ends == (Status.REACHED_SPAN,) * 2
    assert {branch.values[0], branch.values[-1]} == {-1.0, 1.0}
    folds = sorted(points(branch, "fold"), key=lambda point: point.value)
    assert len(branch.special_points) == 2
    np.testing.assert_allclose([fold.value for fold in folds], [-0.3849001795, 0.3849001795], atol=DIGITS)
    np.testing.assert_allclose([fold.kappa[0] for fold in folds], [3**-0.5, -(3**-0.5)], atol=EXACT)
    np.testing.assert_allclose([fold.coefficients["a"] for fold in folds], [-(3**0.5), 3**0.5], atol=1e-10)
    assert "they exist for mu above it" in folds[0].sentence and "below" in folds[1].sentence
    assert branch.stable.sum() and (~branch.stable).sum()


@pytest.mark.parametrize("lam", [1e-2, 1e-4, 1e-6, 1e-8])
def test_two_folds_in_one_step(lam):
    """Folds at mu = -+2 (lam / 3)^(3/2), far closer to each other than one step."""
    branch = continue_branch(problems.cusp(-1.0, lam), [-1.0], "mu", (-1, 1))
    folds = sorted(points(branch, "fold"), key=lambda point: point.value)
    expected = 2 * (lam / 3) ** 1.5
    assert len(folds) == len(branch.special_points) == 2
    np.testing.assert_allclose([fold.value for fold in folds], [-expected, expected], rtol=0, atol=1e-14)


@pytest.mark.parametrize("start", [-1.0, 0.0])
def test_a_cusp_is_no_pair_of_folds(start):
    """D1: c = -1 at mu = lam = 0."""
    branch = continue_branch(problems.cusp(start**3, 0.0), [start], "mu", (-1, 1))
    (cusp,) = branch.special_points
    assert cusp.kind == "cusp"
    np.testing.assert_allclose([cusp.value, cusp.kappa[0]], 0, atol=1e-10)
    assert cusp.coefficients["c"] == pytest.approx(-1, abs=1e-9)


@pytest.mark.parametrize("lam", [-1e-8, -1e-4, -1e-2])
def test_nothing_where_nothing_is(lam):
    assert continue_branch(problems.cusp(-1.0, lam), [-1.0], "mu", (-1, 1)).special_points == ()


@pytest.mark.parametrize("start", [0.0, 1.0, -1.0])
def test_pitchfork_from_every_branch(start):
    """x' = lam x - x^3: also when the branch followed is the side branch."""
    branch = continue_branch(problems.cusp(0.0, 1.0), [start], "lam", (-1, 1))
    (point,) = branch.special_points
    assert point.kind == "pitchfork" and "Supercritical pitchfork" in point.sentence
    np.testing.assert_allclose([point.value, point.kappa[0]], 0, atol=EXACT)
    np.testing.assert_allclose([point.coefficients[k] for k in ("b11", "b20", "b30")], [1, 0, -6], atol=1e-9)
    assert point.directions.shape == (2, 2)


@pytest.mark.parametrize("mu", [1e-2, 1e-5, 1e-7])
def test_an_imperfect_pitchfork_is_followed_around_its_bend(mu):
    """x' = mu + lam x - x^3, mu > 0: the branch from below turns to x > 0 and stays stable."""
    branch = continue_branch(problems.cusp(mu, -1.0), [mu], "lam", (-1, 1))
    assert branch.special_points == () and branch.stable.all()
    last = branch.kappa[np.argmax(branch.values), 0]
    assert last == pytest.approx(1.0, abs=mu)


@pytest.mark.parametrize("g", [0.0, 0.5, 2.0])
def test_transcritical(g):
    """D2: b11 = 3.23, b20/2 = -1.12 + g, b30/6 = 0.234 + 2.24 g - 2 g^2."""
    branch = continue_branch(problems.transcritical(g), [0, 0], "mu", (-1, 1))
    (point,) = points(branch, "transcritical")
    np.testing.assert_allclose([point.value, *point.kappa], 0, atol=EXACT)
    c = point.coefficients
    np.testing.assert_allclose([c["b11"], c["b20"] / 2], [3.23, -1.12 + g], atol=1e-9)
    assert c["b30"] / 6 == pytest.approx(0.234 + 2.24 * g - 2 * g**2, abs=1e-9)


def test_fold_on_the_crossing_branch():
    """D2, g = 0: fold at x1 = 2.3931624, mu = 0.4149136038 of the branch that crosses at 0."""
    branch = continue_branch(problems.transcritical(mu=0.0), [4.7863247863, 0], "mu", (-1, 1))
    (fold,), (crossing,) = points(branch, "fold"), points(branch, "transcritical")
    np.testing.assert_allclose([fold.value, *fold.kappa], [0.4149136038, 2.3931623932, 0], atol=DIGITS)
    np.testing.assert_allclose(crossing.value, 0, atol=EXACT)


def test_pitchfork_coefficients():
    """D2 with -x^3: b30/6 = -1."""
    branch = continue_branch(problems.pitchfork(), [0, 0], "mu", (-1, 1))
    (point,) = points(branch, "pitchfork")
    np.testing.assert_allclose(point.coefficients["b30"] / 6, -1, atol=1e-9)
    assert "unstable for mu above it, and two stable ones exist for mu above it" in point.sentence


def test_several_eigenvalues_at_once():
    """D2: branch points at lam = i with kernels of dimension i."""
    branch = continue_branch(problems.several_pitchforks(), np.zeros(6), "lam", (0.5, 3.5))
    found = points(branch, "pitchfork", "branch point")
    np.testing.assert_allclose([point.value for point in found], [1, 2, 3], atol=1e-11)
    assert [point.coefficients.get("multiplicity") for point in found] == [None, 2, 3]


def test_four_eigenvalues_at_once():
    """An even number leaves no sign in any determinant of the Jacobian."""
    x = problems.sympy.symbols("x1:5")
    lam = problems.sympy.Symbol("lam")
    field = compile_field(System([lam * xi - xi**3 for xi in x], x, parameters={"lam": -0.7}))
    branch = continue_branch(field, np.zeros(4), "lam", (-1, 1))
    (point,) = points(branch, "branch point")
    assert point.coefficients["multiplicity"] == 4 and point.value == pytest.approx(0, abs=1e-11)


def test_hopf_of_stuart_landau():
    """D3: c1 = -2.246 - 0.264 i, omega = 1."""
    branch = continue_branch(problems.stuart_landau(), [0, 0], "r", (-1, 1))
    (point,) = branch.special_points
    assert point.kind == "Hopf" and "Supercritical" in point.sentence
    np.testing.assert_allclose(point.value, 0, atol=EXACT)
    assert point.coefficients["omega"] == pytest.approx(1, abs=1e-10)
    assert point.coefficients["c1"] == pytest.approx(-2.246 - 0.264j, abs=1e-9)


@pytest.mark.parametrize("b2, kind", [(-0.5, "Hopf"), (0.5, "neutral saddle")])
def test_hopf_is_told_from_a_neutral_saddle(b2, kind):
    """D4: on b1 = b2^2, x = -b2; c1 = -0.25 - 0.917 i at b2 = -0.5."""
    branch = continue_branch(problems.bogdanov_takens(0.25, b2), [-b2, 0], "b1", (-0.1, 1))
    assert sorted(p.kind for p in branch.special_points) == sorted(["fold", kind])
    (fold,), (point,) = points(branch, "fold"), points(branch, kind)
    np.testing.assert_allclose([fold.value, *fold.kappa], 0, atol=1e-10)
    np.testing.assert_allclose([point.value, *point.kappa], [0.25, -b2, 0], atol=1e-8)
    if kind == "Hopf":
        assert point.coefficients["c1"] == pytest.approx(-0.25 - 0.917j, abs=5e-4)


@pytest.mark.parametrize(
    "p2, hopfs, folds",
    [
        (14, [(0.1650420453, 1.02475638, 1.590811), (0.3365504989, 4.57710327, -1.644191)], []),
        (15, [(0.1468824756, 0.88579088, 2.361994), (0.2945108042, 4.92091196, -1.842404)], []),
        (16, [(0.1325384443, 0.76393202, 3.405766), (0.2541883993, 5.23606798, -2.032952)], []),
        (17, [(0.1208657195, 0.65206332, 4.918245), (0.2170805097, 5.52944965, -2.218439)],
         [0.1219011608, 0.1170147504]),
        (18, [(0.1111534842, 0.54470810, 7.326786), (0.1838346080, 5.80545374, -2.400377)],
         [0.1115650801, 0.0995741367]),
    ],
)  # fmt: skip
def test_reactor(p2, hopfs, folds):
    """D5: AUTO's demo ab; at p2 = 16 a cusp at p1 = exp(-2), u = (1/2, 2)."""
    branch = continue_branch(problems.reactor(p2), [0, 0], "p1", (0, 0.5))
    found = points(branch, "Hopf")
    np.testing.assert_allclose([p.value for p in found], [h[0] for h in hopfs], atol=DIGITS)
    np.testing.assert_allclose([p.coefficients["omega"] for p in found], [h[1] for h in hopfs], atol=6e-9)
    np.testing.assert_allclose([p.coefficients["c1"].real for p in found], [h[2] for h in hopfs], atol=1e-6)
    np.testing.assert_allclose([p.value for p in points(branch, "fold")], folds, atol=DIGITS)
    cusps = points(branch, "cusp")
    assert len(cusps) == (p2 == 16)
    for cusp in cusps:
        np.testing.assert_allclose([cusp.value, *cusp.kappa], [np.exp(-2), 0.5, 2], atol=1e-9)
    assert ["Subcritical" in p.sentence for p in found] == [True, False]


def test_predator_prey():
    """D6: branch points at 0.6 and 0.8219043454, fold 0.8329293222, Hopf 0.6715938475."""
    field = problems.predator_prey()
    coexistence = continue_branch(field, [1 / 3, 2], "p1", (0, 1))
    prey = continue_branch(field, [1, 0], "p1", (0, 1))
    (hopf,), (crossing,) = points(coexistence, "Hopf"), points(coexistence, "transcritical")
    np.testing.assert_allclose([hopf.value, *hopf.kappa], [0.6715938475, 1 / 3, 0.36576154], atol=5e-9)
    np.testing.assert_allclose(hopf.coefficients["omega"], 0.604782222, atol=1e-9)
    np.testing.assert_allclose(hopf.coefficients["c1"].real, -0.4292748, atol=1e-7)
    np.testing.assert_allclose(crossing.value, 0.8219043454, atol=DIGITS)
    (fold,) = points(prey, "fold")
    np.testing.assert_allclose([fold.value, fold.kappa[0]], [0.8329293222, 0.4111615610], atol=6e-10)
    values = sorted(point.value for point in points(prey, "transcritical"))
    np.testing.assert_allclose(values, [0.6, 0.8219043454], atol=DIGITS)


def test_lorenz():
    """D7: branch point rho = 1; Hopf rho = 470/19, omega 9.62453006, Re c1 +0.002555495."""
    branch = continue_branch(problems.lorenz(10.0), [24**0.5, 24**0.5, 9], "rho", (0, 30))
    (pitchfork,) = points(branch, "pitchfork")
    np.testing.assert_allclose(pitchfork.value, 1, atol=EXACT)
    for hopf in points(branch, "Hopf"):
        np.testing.assert_allclose(hopf.value, 470 / 19, atol=1e-11)
        np.testing.assert_allclose(np.abs(hopf.kappa[:2]), 7.95601946, atol=5e-9)
        np.testing.assert_allclose(hopf.coefficients["omega"], 9.62453006, atol=5e-9)
        np.testing.assert_allclose(hopf.coefficients["c1"].real, 0.002555495, atol=1e-9)
    assert len(points(branch, "Hopf")) == 2  # the symmetric pair: one branch through the pitchfork


def test_morris_lecar():
    """D8: Hopf at I = 93.8576183737 and 212.0188161004."""
    field = problems.morris_lecar()
    start = find_fixed_points(field, box=[[-80, 60], [0, 1]])[0]
    found = points(continue_branch(field, start, "I", (0, 300)), "Hopf")
    np.testing.assert_allclose([p.value for p in found], [93.8576183737, 212.0188161004], atol=1e-9)
    np.testing.assert_allclose(found[0].kappa, [-25.27010488, 0.13967319], atol=5e-9)
    omega = [p.coefficients["omega"] for p in found]
    np.testing.assert_allclose(omega, [0.0797797841, 0.148602171], atol=1e-9)
    c1 = [p.coefficients["c1"].real for p in found]
    np.testing.assert_allclose(c1, [5.22014e-4, 5.451162e-4], atol=1e-9)


def test_fitzhugh_nagumo():
    """D9: v = -+sqrt(1 - 0.064), I = 0.3312813375 and 1.4187186625, Re c1 +0.2677846."""
    field = problems.fitzhugh_nagumo()
    found = points(continue_branch(field, find_fixed_points(field)[0], "I", (0, 2)), "Hopf")
    np.testing.assert_allclose([p.value for p in found], [0.3312813375, 1.4187186625], atol=DIGITS)
    np.testing.assert_allclose([p.kappa[0] for p in found], [-np.sqrt(0.936), np.sqrt(0.936)], atol=1e-11)
    np.testing.assert_allclose([p.coefficients["omega"] for p in found], 0.275506806, atol=1e-9)
    np.testing.assert_allclose([p.coefficients["c1"].real for p in found], 0.2677846, atol=1e-7)


@pytest.mark.parametrize("phi, cubic", [("erf", -np.pi / 4), ("tanh", -1.0)])
def test_pitchfork_of_the_mean_field(phi, cubic):
    """D11: at sigma_mn = 1, b11 = 1, b30/6 = -pi/4 (erf) or -1 (tanh)."""
    field = compile_field(mean_field(problems.rank_one_populations(0.5, phi)))
    branch = continue_branch(field, [0.0], "sigma_mn", (0.2, 2))
    (point,) = branch.special_points
    assert point.kind == "pitchfork"
    np.testing.assert_allclose([point.value, point.kappa[0]], [1, 0], atol=1e-11)
    assert point.coefficients["b11"] == pytest.approx(1, abs=1e-9)
    assert point.coefficients["b30"] / 6 == pytest.approx(cubic, abs=1e-9)


def test_hopf_of_the_mean_field():
    """D11: rotation [[a, -b], [b, a]]: along the gain, Hopf at gain a = 1 with omega = b / a."""
    field = compile_field(mean_field(problems.rank_two_populations([[1.0, -1.0], [1.0, 1.0]])))
    branch = continue_branch(field.with_values(gain=0.5), [0, 0], "gain", (0.5, 2))
    (point,) = branch.special_points
    assert point.kind == "Hopf"
    np.testing.assert_allclose([point.value, *point.kappa], [1, 0, 0], atol=1e-11)
    assert point.coefficients["omega"] == pytest.approx(1, abs=1e-10)
    assert point.coefficients["c1"] == pytest.approx(-np.pi / 2 * (1 + 1j), abs=1e-9)


@pytest.mark.parametrize("name", ["rdm_lr_fig2", "mante_lr_fig1"])
@pytest.mark.parametrize("which", ["finite", "K1_mean"])
def test_published_networks(published, name, which):
    """Pitchforks along the gain, folds along the gain and along every input, to 1e-6 and better."""
    field = problems.published_fields(published, name)[which]
    for case in problems.expected(published)[name]["bifurcations"][which].values():
        along_gain = case["param"] == "g"
        parameter = "gain" if along_gain else field.inputs[int(np.argmax(case["dv"]))]
        found = set()
        for value in np.linspace(*case["range"], 4):
            at = field.with_values(gain=value) if along_gain else field
            v = np.array(case["v0"]) + (0 if along_gain else value) * np.array(case["dv"])
            for start in find_fixed_points(at, v):
                branch = continue_branch(at, start, parameter, case["range"], v)
                assert branch.status.ok
                found |= {(p.kind, round(p.value, 9), *p.kappa.round(8)) for p in branch.special_points}
        wanted = [("fold", fold["p"], *fold["kappa"]) for fold in case["folds"]]
        wanted += [(origin["kind"], origin["p"], 0.0) for origin in case.get("origin", [])]
        assert [entry[0] for entry in sorted(found)] == [entry[0] for entry in sorted(wanted)]
        for got, want in zip(sorted(found), sorted(wanted)):
            np.testing.assert_allclose(got[1:], want[1:], rtol=0, atol=1e-8)


def test_a_side_branch_names_its_pitchfork_once():
    """Where the test for branch points is placed less well than the turn of the branch that it belongs to."""
    rng = np.random.default_rng(59)
    m = rng.normal(size=40) * rng.uniform(0.5, 6)
    n = m * rng.uniform(0.3, 1.5) + rng.normal(size=40)
    field = reduced_field(LowRankRNN(m, n, np.zeros(40), m)).with_values(gain=1.3)
    for start in find_fixed_points(field):
        kinds = [point.kind for point in continue_branch(field, start, "gain", (0, 2)).special_points]
        assert kinds == ["pitchfork"]


def test_a_neutral_saddle_is_solved_for_and_not_only_bracketed():
    text = "x' = y; y' = -1 + b y + x^2 + x y; b = -2"
    field = compile_field(System.from_text(text))
    (point,) = continue_branch(field, [1.0, 0.0], "b", (-3, 3)).special_points
    assert point.kind == "neutral saddle" and abs(point.value + 1) < 1e-12  # the trace is b + x, x = 1
