"""The mean field against direct integration over the Gaussian; its names, trapping box and branches."""

import mpmath
import numpy as np
import pytest
import sympy

from dynsys.populations.fit import Populations, fit_populations
from dynsys.symbolic.bifurcation_conditions import closed_form_fixed_points, origin_branch
from dynsys.symbolic.codegen import generate, load
from dynsys.symbolic.couplings import effective_couplings
from dynsys.symbolic.expectations import GaussianExpectation
from dynsys.symbolic.meanfield import mean_field
from dynsys.symbolic.moments import pair
from dynsys.symbolic.origin import origin_jacobian
from dynsys.symbolic.system import System
from rnn.connectivity import loadings
from rnn.networks import LowRankRNN
from tasks.errors import InputError

PHI = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0), "linear": lambda x: x}


def draw(rng, count, rank, inputs, outputs, means="free", phi="tanh"):
    width = 2 * rank + inputs + outputs
    factor = rng.standard_normal((count, width, width)) / np.sqrt(width)
    centres = rng.standard_normal((count, width)) if means == "free" else np.zeros((count, width))
    return Populations(
        rng.dirichlet(5 * np.ones(count)), centres, factor @ factor.transpose(0, 2, 1), rank, inputs, outputs,
        phi=phi, means_kind=means,
    )  # fmt: skip


def by_integration(populations, kappa, v, noise, gain=1.0):
    """E[q phi(x)] with q given x by linear regression: no derivative of phi, no Stein's lemma."""
    R, S = populations.rank, populations.inputs
    y = np.concatenate([kappa, v])
    inside = [*range(R), *range(2 * R, 2 * R + S)]
    step = 1e-3
    xi = np.arange(-11, 11, step)
    density = np.exp(-(xi**2) / 2) * step / np.sqrt(2 * np.pi)
    total = 0.0
    for weight, a, C in zip(populations.weights, populations.means, populations.covariances):
        mu = a[inside] @ y
        Delta = y @ C[np.ix_(inside, inside)] @ y + noise
        x = mu + np.sqrt(Delta) * xi
        slope = C[:, inside] @ y / Delta
        loading = a[:, None] + slope[:, None] * (x - mu)
        total = total + weight * (loading * PHI[populations.phi](x) * density).sum(axis=1)
    return gain * total[R : 2 * R] - kappa, total[2 * R + S :]


def evaluate(system, kappa, v, **values):
    module = load(generate(system))
    p = np.array([{**system.values, **values}[name] for name in system.parameter_names])
    right, z = np.empty(len(system.state)), np.empty(len(system.outputs))
    module.rhs(np.array(kappa), np.array(v), p, right)
    module.outputs(np.array(kappa), np.array(v), p, z)
    return right, z


@pytest.mark.parametrize(
    "shape, means, phi",
    [((2, 2, 1, 2), "free", "tanh"), ((1, 1, 1, 1), "zero", "tanh"), ((2, 1, 2, 1), "free", "relu")],
)
def test_right_hand_side_equals_direct_integration(shape, means, phi, rng):
    populations = draw(rng, *shape, means, phi)
    system = mean_field(populations, noise=0.2)
    for _ in range(3):
        kappa, v = rng.standard_normal(populations.rank), rng.standard_normal(populations.inputs)
        right, z = evaluate(system, kappa, v, gain=1.3)
        expected_right, expected_z = by_integration(populations, kappa, v, 0.2, 1.3)
        # relu has a kink: the trapezoid rule is good to its step squared there
        tolerance = 1e-11 if phi == "tanh" else 1e-6
        np.testing.assert_allclose(right, expected_right, atol=tolerance)
        np.testing.assert_allclose(z, expected_z, atol=tolerance)


@pytest.mark.parametrize("shape", [(2, 2, 1, 2), pytest.param((3, 2, 3, 2), marks=pytest.mark.slow)])
def test_derivatives_equal_those_of_direct_integration(shape, rng):
    """A mixture by hand with means, weights and every cross term: DF and dF/dv to 1e-9, as F itself."""
    populations = draw(rng, *shape)
    R, S = populations.rank, populations.inputs
    module = load(generate(system := mean_field(populations, noise=0.2)))
    place, h = rng.standard_normal(R + S), 1e-4
    parameters = np.array(list(system.values.values()))
    slopes, shares = np.empty(R * R), np.empty(R * (S + len(parameters)))
    module.jacobian(place[:R], place[R:], parameters, slopes)
    module.parameter_jacobian(place[:R], place[R:], parameters, shares)
    found = np.hstack([slopes.reshape(R, R), shares.reshape(R, -1)[:, :S]])

    def right(shift):
        return by_integration(populations, *np.split(place + shift, [R]), 0.2)[0]

    for s in range(R + S):
        d = h * np.eye(R + S)[s]
        slope = (8 * (right(d) - right(-d)) - (right(2 * d) - right(-2 * d))) / (12 * h)
        np.testing.assert_allclose(found[:, s], slope, atol=1e-9)


def test_right_hand_side_equals_high_precision_integration(rng):
    """E[n phi(x)] and E[w phi(x)] of each population by mpmath, to 1e-12."""
    populations, noise = draw(rng, 2, 2, 2, 2), 0.125
    kappa, v = rng.standard_normal(2), rng.standard_normal(2)
    right, z = evaluate(mean_field(populations, noise=noise), kappa, v)
    y, inside = np.concatenate([kappa, v]), [0, 1, 4, 5]
    total = [mpmath.mpf(0)] * 8
    for weight, a, C in zip(populations.weights, populations.means, populations.covariances):
        mu, Delta = mpmath.mpf(a[inside] @ y), mpmath.mpf(y @ C[np.ix_(inside, inside)] @ y + noise)
        ends = np.linspace(-10, 10, 9).tolist()

        def rate(xi, mu=mu, Delta=Delta):
            return mpmath.tanh(mu + mpmath.sqrt(Delta) * xi) * mpmath.npdf(xi)

        moments = mpmath.quad(rate, ends), mpmath.quad(lambda xi, rate=rate: xi * rate(xi), ends)
        for q in range(8):  # q given x is a regression on xi
            slope = (C[q, inside] @ y) / mpmath.sqrt(Delta)
            total[q] += weight * (a[q] * moments[0] + slope * moments[1])
    np.testing.assert_allclose(right, [float(total[2 + r]) - kappa[r] for r in range(2)], atol=1e-12)
    np.testing.assert_allclose(z, [float(total[6 + o]) for o in range(2)], atol=1e-12)


@pytest.mark.parametrize("Delta", [0.0, -1e-10, 1e6])
def test_a_variance_that_vanishes_or_is_huge(Delta):
    """At Delta = 0 the mean field is phi itself; at 1e6 tanh is a sign: <tanh> = erf(mu / sqrt(2 Delta))."""
    C = np.zeros((1, 4, 4))
    C[0, 1, 1] = 1.0
    system = mean_field(Populations([1.0], [[1.0, 2.0, 0.5, 0.0]], C, 1, 1, 1))
    right, _ = evaluate(system, [0.4], [0.2], noise=Delta)
    mean = np.tanh(0.5) if Delta < 1 else float(mpmath.erf(0.5 / np.sqrt(2e6)))
    assert right[0] == pytest.approx(-0.4 + 2 * mean, abs=1e-9 if Delta < 1 else 1e-8)


def test_large_network_agrees(rng):
    populations = draw(rng, 1, 1, 1, 1)
    rows = rng.multivariate_normal(populations.means[0], populations.covariances[0], 400_000)
    net = LowRankRNN(*(column[:, None] for column in rows.T))
    x = net.m[:, 0] * 0.8 + net.I[:, 0] * -0.5
    right, z = evaluate(mean_field(populations), [0.8], [-0.5])
    assert right[0] == pytest.approx(-0.8 + np.mean(net.n[:, 0] * np.tanh(x)), abs=5e-3)
    assert z[0] == pytest.approx(np.mean(net.w[:, 0] * np.tanh(x)), abs=5e-3)


def test_names_values_and_errors():
    net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 100, 1)), noise_std=0.05)
    populations = fit_populations(loadings(net))
    system = mean_field(populations, noise=populations.noise_variance)
    assert system.parameter_names == (
        "gain", "noise", "a_m", "a_n", "a_I", "a_w",
        "sigma_mm", "sigma_mn", "sigma_mI", "sigma_mw", "sigma_nI", "sigma_II", "sigma_Iw",
    )  # fmt: skip
    assert system.values["gain"] == 1.0 and system.values["noise"] == pytest.approx(0.0025 / 0.36)
    assert system.values["sigma_nI"] == populations.covariance("n", "I")
    assert system.errors["sigma_nI"] == populations.covariance_errors[0, 1, 2]
    assert (system.state_names, system.input_names, system.output_names) == (("kappa",), ("v",), ("z",))
    assert system.alpha == net.alpha and system.source["network"] == net.hash


def test_names_follow_the_index_rule(rng):
    system = mean_field(draw(rng, 2, 2, 1, 2))
    for name in ("alpha_p1", "a_n2_p1", "a_I_p2", "sigma_m1n2_p1", "sigma_n1I_p2", "sigma_Iw2_p1"):
        assert name in system.parameter_names
    assert not {"sigma_n1n1_p1", "sigma_n1w1_p1", "sigma_w1w2_p1"} & set(system.parameter_names)
    assert system.state_names == ("kappa1", "kappa2") and system.input_names == ("v",)
    assert pair("m1", "n2") == "m_1 n_2"
    assert system.latex_of("sigma_m1n2_p1") == r"\sigma_{m_1 n_2}^{(1)}"
    assert system.latex_of("alpha_p2") == r"\alpha_{2}" and system.latex_of("gain") == "g"


@pytest.mark.parametrize("shape", [(1, 1, 0, 0), (1, 3, 2, 1), (3, 2, 4, 1), (2, 1, 1, 2)])
@pytest.mark.parametrize("means", ["free", "zero"])
def test_abbreviated_equations_say_the_same(shape, means, rng):
    system = mean_field(draw(rng, *shape, means))
    numbers = {
        s: sympy.Float(float(v), 20)
        for s, v in zip(
            (*system.state, *system.inputs, *system.parameters),
            rng.uniform(0.5, 1.5, len(system.state) + len(system.inputs) + len(system.parameters)),
        )
    }

    def value(expression):
        expression = expression.xreplace(numbers)
        return float(expression.xreplace({f: f.evalf(17) for f in expression.atoms(GaussianExpectation)}))

    for form in (system.notation, system.notation.in_numbers):
        for brief, full in zip((*form.equations, *form.outputs), (*system.equations, *system.outputs)):
            assert value(form.expand(brief)) == pytest.approx(value(full), rel=1e-12)


def test_effective_couplings(rng):
    couplings = effective_couplings(draw(rng, 1, 1, 1, 1, "zero"))
    assert list(couplings.expressions) == [("n", "m"), ("n", "I"), ("w", "m"), ("w", "I")]
    assert [s.name for s in couplings["n", "I"].args if s.is_Symbol] == ["sigma_nI"]
    assert couplings.lines[0] == (r"\tilde{\sigma}_{mn}", r"\sigma_{mn} \langle\phi'\rangle")


class TestTrappingBox:
    """|kappa_r| <= c gain sum_p alpha_p E_p|n_r|."""

    def test_it_holds_everywhere_and_is_nearly_reached(self, rng):
        system = mean_field(draw(rng, 2, 2, 1, 2))
        bound = system.box.bound({**system.values, "gain": 1.4})
        for _ in range(50):
            kappa, v = 10 ** rng.uniform(-1, 4) * rng.standard_normal(2), rng.standard_normal(1)
            right, _ = evaluate(system, kappa, v, gain=1.4)
            assert (np.abs(right + kappa) <= bound).all()

    def test_it_is_no_wider_than_that_of_the_populations(self, rng):
        populations = draw(rng, 2, 1, 1, 1)
        sample = [
            rng.normal(a[1], np.sqrt(C[1, 1]), 200_000)
            for a, C in zip(populations.means, populations.covariances)
        ]
        wide = sum(w * np.abs(s).mean() for w, s in zip(populations.weights, sample))
        system = mean_field(populations)
        assert system.box.bound(system.values)[0] <= wide * 1.01

    def test_it_follows_a_covariance_beyond_what_n_itself_allows(self):
        one = Populations([1.0], np.zeros((1, 2)), np.eye(2)[None], 1, 0, 0, "erf", means_kind="zero")
        system = mean_field(one)
        values = {**system.values, "sigma_mn": 5.0}
        root = np.sqrt(2 / np.pi * (25 - 1))  # THEORY 4
        assert root < system.box.bound(values)[0] < 1.05 * root

    def test_unused_input_and_unbounded_phi(self, rng):
        C = np.eye(4)
        C[2, 2] = 0.0
        system = mean_field(Populations([1.0], np.zeros((1, 4)), C[None], 1, 1, 1))
        assert np.isfinite(system.box.bound(system.values)).all()
        assert np.isinf(system.box.bound({**system.values, "sigma_nI": 0.1})).all()
        assert mean_field(draw(rng, 1, 1, 1, 1, phi="relu")).box is None


class TestExactStatements:
    """D11 and THEORY 4 to 6."""

    def rank_one(self, phi, sigma_mn=1.5):
        C = np.array([[1.0, sigma_mn], [sigma_mn, 4.0]])
        return mean_field(Populations([1.0], np.zeros((1, 2)), C[None], 1, 0, 0, phi, means_kind="zero"))

    def test_erf_fixed_points_in_closed_form(self):
        system = self.rank_one("erf")
        zero, plus, minus = (point[0] for point in closed_form_fixed_points(system))
        symbols = {name: system.symbol(name) for name in system.parameter_names}
        g, s, spread, noise = (symbols[name] for name in ("gain", "sigma_mn", "sigma_mm", "noise"))
        expected = sympy.sqrt((2 / sympy.pi * (g**2 * s**2 - 1) - noise) / spread)
        assert zero == 0 and minus == -plus
        assert sympy.simplify(plus**2 - expected**2) == 0
        at = plus.subs({symbols[name]: sympy.Float(value, 20) for name, value in system.values.items()})
        assert float(at) == pytest.approx(0.892062058076, abs=1e-12)  # DYNAMICS D11
        right, _ = evaluate(system, [float(at)], [])
        assert abs(right[0]) < 1e-15
        noisy, _ = evaluate(
            system,
            [float(plus.subs({symbols[n]: v for n, v in {**system.values, "noise": 0.3}.items()}))],
            [],
            noise=0.3,
        )
        assert abs(noisy[0]) < 1e-15

    @pytest.mark.parametrize("phi, cubic", [("erf", -np.pi / 4), ("tanh", -1.0)])
    def test_pitchfork(self, phi, cubic):
        system = self.rank_one(phi)
        branch = origin_branch(system, "sigma_mn")
        assert branch.kind == "pitchfork"
        numbers = branch.numbers(system.values)
        expected = {"at": 1.0, "a01": 0.0, "b11": 1.0, "b20/2": 0.0, "b30/6": cubic}
        assert numbers == pytest.approx(expected, abs=1e-14)
        along_gain = origin_branch(system).numbers({**system.values, "noise": 0.5})
        slope = (
            float(GaussianExpectation.__subclasses__()[0](1, 0, sympy.Rational(1, 2)))
            if phi == "tanh"
            else None
        )
        if slope is not None:
            assert along_gain["at"] == pytest.approx(1 / (1.5 * slope), rel=1e-14)
        assert r"\langle\phi'\rangle_{0}" in branch._repr_latex_()

    def test_means_enter_the_pitchfork_condition(self):
        C = np.array([[1.0, 0.4], [0.4, 4.0]])
        system = mean_field(Populations([1.0], [[0.5, 0.8]], C[None], 1, 0, 0, "tanh"))
        assert origin_branch(system).numbers(system.values)["at"] == pytest.approx(1 / (0.4 + 0.4), rel=1e-14)

    def test_transcritical_and_refusals(self):
        x, y, r, a = sympy.symbols("x y r a")
        own = System([r * x + a * x**2 - x**3], [x], parameters=[r, a])
        assert origin_branch(own, "r").kind == "transcritical"
        assert origin_branch(own, "r").coefficients["b20/2"].name == "a"
        for system, parameter, words in (
            (System([r - x**2], [x], parameters=[r]), "r", "no fixed point"),
            (own, "s", "none of r, a"),
            (System([x, r, y], [x, r, y], parameters=[a]), "a", "one or two state variables"),
            ("x", "r", "expected a System"),
        ):
            with pytest.raises(InputError, match=words):
                origin_branch(system, parameter)

    def test_origin_jacobian_is_the_overlap_matrix(self, rng):
        populations = draw(rng, 1, 2, 1, 1, "zero")
        system = mean_field(populations)
        J = origin_jacobian(system).subs({system.symbol(n): v for n, v in system.values.items()}).doit()
        overlap = populations.covariances[0, 2:4, :2]
        np.testing.assert_allclose(np.array(J, float), overlap - np.eye(2), atol=1e-12)

    def test_linear_fixed_point(self, rng):
        system = mean_field(draw(rng, 2, 2, 1, 1, phi="linear"))
        (point,) = closed_form_fixed_points(system)
        numbers = {system.symbol(name): value for name, value in system.values.items()}
        kappa = np.array(point.subs({**numbers, system.inputs[0]: 0.7}), float).ravel()
        np.testing.assert_allclose(evaluate(system, kappa, [0.7])[0], 0, atol=1e-12)

    def test_no_closed_form_for_others(self, rng):
        for populations in (
            draw(rng, 1, 1, 1, 1),
            draw(rng, 2, 1, 1, 1, "zero", "erf"),
            draw(rng, 1, 2, 0, 0, "zero", "erf"),
        ):
            with pytest.raises(InputError, match="find_fixed_points"):
                closed_form_fixed_points(mean_field(populations))


def test_refusals(rng):
    with pytest.raises(InputError, match="expected Populations"):
        mean_field("populations")
    with pytest.raises(InputError, match="noise"):
        mean_field(draw(rng, 1, 1, 1, 1), noise=-0.1)
