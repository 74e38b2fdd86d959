"""The zoo: systems whose fixed points and bifurcations are known, symbolic and as hand-made fields.

Each function returns a new object; the answers stand in the tests, with their source.
"""

import json

import numpy as np
import sympy

from dynsys.analysis import Field, FieldFunctions, compile_field, reduced_field
from dynsys.numerics.signatures import DIRECTIONAL, FIELD
from dynsys.populations import Populations, fit_populations
from dynsys.symbolic import System, mean_field
from rnn import FullRankRNN, LowRankRNN, load_network, loadings
from rnn.jit import jit


@jit(FIELD)
def cusp_rhs(x, u, p, out):
    """mu + lam x - x^3"""
    out[0] = p[0] + p[1] * x[0] - x[0] ** 3


@jit(FIELD)
def cusp_jacobian(x, u, p, out):
    """lam - 3 x^2"""
    out[0] = p[1] - 3 * x[0] ** 2


@jit(FIELD)
def cusp_parameter_jacobian(x, u, p, out):
    """(1, x)"""
    out[0] = 1.0
    out[1] = x[0]


@jit(DIRECTIONAL)
def cusp_directional(x, u, p, q, out):
    """-6 x q^2, -6 q^3"""
    out[0] = -6 * x[0] * q[0] ** 2
    out[1] = -6 * q[0] ** 3


@jit(FIELD)
def cusp_outputs(x, u, p, out):
    """2 x"""
    out[0] = 2 * x[0]


def cusp(mu=0.0, lam=1.0):
    """x' = mu + lam x - x^3, from hand-written compiled functions (Kuznetsov, section 8.2)."""
    functions = FieldFunctions(
        cusp_rhs, cusp_jacobian, cusp_parameter_jacobian, cusp_directional, cusp_outputs
    )
    return Field(functions, ("x",), (), ("mu", "lam"), [mu, lam], output_names=("z",), label="cusp")


def field(equations, state, **parameters):
    """Compile equations in sympy; parameters by name."""
    return compile_field(System(equations, sympy.symbols(state), parameters=parameters))


def transcritical(g=0.0, mu=-0.5):
    """f = [x1 (3.23 mu - 1.12 x1 + 0.234 x1^2) + x2, -x2 + g x1^2] (BifurcationKit's tutorial)."""
    x1, x2, m, k = sympy.symbols("x1 x2 mu g")
    right = [x1 * (3.23 * m - 1.12 * x1 + 0.234 * x1**2) + x2, -x2 + k * x1**2]
    return field(right, "x1 x2", mu=mu, g=g)


def pitchfork(mu=-0.5):
    """f = [x1 (3.23 mu - x1^2) + x2, -x2]."""
    x1, x2, m = sympy.symbols("x1 x2 mu")
    return field([x1 * (3.23 * m - x1**2) + x2, -x2], "x1 x2", mu=mu)


def several_pitchforks(lam=0.5):
    """F = -x + lam L x - x^3, L = diag(1/i, i times each), i = 1..3 (n = 6)."""
    lam_, rates = sympy.Symbol("lam"), [1, 2, 2, 3, 3, 3]
    x = sympy.symbols("x1:7")
    right = [-xi + lam_ * sympy.Rational(1, i) * xi - xi**3 for xi, i in zip(x, rates)]
    return field(right, "x1:7", lam=lam)


def stuart_landau(r=-0.5):
    """The Stuart-Landau oscillator with m = 0.132, nu = 1, c3 = 1.123."""
    u1, u2, rate = sympy.symbols("u1 u2 r")
    square, m, nu, c3 = u1**2 + u2**2, 0.132, 1.0, 1.123
    first = rate * u1 - nu * u2 - square * (c3 * u1 - m * u2)
    return field([first, rate * u2 + nu * u1 - square * (c3 * u2 + m * u1)], "u1 u2", r=r)


def bogdanov_takens(b1, b2):
    """x' = y, y' = b1 + b2 y + a x^2 + b x y with a = -1, b = 1."""
    x, y, p1, p2 = sympy.symbols("x y b1 b2")
    return field([y, p1 + p2 * y - x**2 + x * y], "x y", b1=b1, b2=b2)


def reactor(p2, p1=0.0):
    """The chemical reactor of AUTO's demo ab, p3 = 3."""
    u1, u2, q1, q2 = sympy.symbols("u1 u2 p1 p2")
    rate = q1 * (1 - u1) * sympy.exp(u2)
    return field([-u1 + rate, -u2 + q2 * rate - 3 * u2], "u1 u2", p1=p1, p2=p2)


def predator_prey(p1=0.0):
    """AUTO's demo pp2."""
    u1, u2, q = sympy.symbols("u1 u2 p1")
    right = [3 * u1 * (1 - u1) - u1 * u2 - q * (1 - sympy.exp(-5 * u1)), -u2 + 3 * u1 * u2]
    return field(right, "u1 u2", p1=p1)


def lorenz(rho=0.5):
    """Lorenz's equations with sigma = 10, beta = 8/3."""
    x, y, z, r = sympy.symbols("x y z rho")
    return field([10 * (y - x), r * x - y - x * z, x * y - sympy.Rational(8, 3) * z], "x y z", rho=rho)


def morris_lecar(I=0.0):
    """Morris and Lecar's equations; V in mV, parameters of the Hopf regime."""
    V, w, current = sympy.symbols("V w I")
    m_inf = (1 + sympy.tanh((V + 1.2) / 18)) / 2
    w_inf = (1 + sympy.tanh((V - 2) / 30)) / 2
    ionic = current - 2 * (V + 60) - sympy.Float(4.4) * m_inf * (V - 120) - 8 * w * (V + 84)
    return field([ionic / 20, (w_inf - w) * sympy.cosh((V - 2) / 60) / 25], "V w", I=I)


def fitzhugh_nagumo(I=0.0):
    """v' = v - v^3/3 - w + I, w' = 0.08 (v + 0.7 - 0.8 w)."""
    v, w, current = sympy.symbols("v w I")
    right = [v - v**3 / 3 - w + current, sympy.Float(0.08) * (v + sympy.Float(0.7) - sympy.Float(0.8) * w)]
    return field(right, "v w", I=I)


def himmelblau():
    """x' = -grad f of Himmelblau's function."""
    x, y = sympy.symbols("x y")
    f = (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2
    return field([-f.diff(x), -f.diff(y)], "x y")


def decoupled_tanh(n):
    """x_i' = -x_i + tanh(1.8 x_i): 3^n fixed points."""
    x = sympy.symbols(f"x1:{n + 1}")
    return field([-xi + sympy.tanh(sympy.Float(1.8) * xi) for xi in x], f"x1:{n + 1}")


def rank_one_populations(sigma_mn, phi="erf", sigma_mm=1.0, sigma_nI=0.0, sigma_mI=0.0):
    """One Gaussian population with zero means, columns (m, n, I, w), large enough variances of n and w."""
    covariance = np.diag([sigma_mm, 10.0 + sigma_mn**2 + sigma_nI**2, 1.0, 1.0])
    covariance[0, 1] = covariance[1, 0] = sigma_mn
    covariance[1, 2] = covariance[2, 1] = sigma_nI
    covariance[0, 2] = covariance[2, 0] = sigma_mI
    return Populations(
        [1.0], np.zeros((1, 4)), covariance[None], rank=1, inputs=1, outputs=1, phi=phi, means_kind="zero"
    )


def rank_two_populations(overlap, phi="erf"):
    """One Gaussian population with zero means, isotropic m and the overlap matrix Sigma_{n_r m_s} (2, 2)."""
    overlap = np.asarray(overlap, dtype=float)
    covariance = np.eye(4)
    covariance[2:, :2] = overlap
    covariance[:2, 2:] = overlap.T
    covariance[2:, 2:] = overlap @ overlap.T + np.eye(2)
    return Populations(
        [1.0], np.zeros((1, 4)), covariance[None], rank=2, inputs=0, outputs=0, phi=phi, means_kind="zero"
    )


def random_network(seed, rank):
    """A network with strong random overlaps, so that it has several fixed points."""
    rng = np.random.default_rng(seed)
    units = int(rng.integers(4, 40))
    m = rng.standard_normal((units, rank)) * rng.uniform(0.5, 2)
    mixing = 0.6 * rng.standard_normal((rank, rank)) + np.eye(rank) * rng.uniform(1, 2.5)
    n = m @ mixing + 0.8 * rng.standard_normal((units, rank))
    I, w = rng.standard_normal((units, 2)), rng.standard_normal((units, 1))
    return LowRankRNN(m, n, I, w, phi=("tanh", "erf")[seed % 2])


def published_fields(folder, name):
    """The exact field and the one-population mean field of a published network, keyed as in expected.json."""
    net = load_network(folder / f"{name}.pt")
    populations = fit_populations(loadings(net))
    return {"finite": reduced_field(net), "K1_mean": compile_field(mean_field(populations))}


def expected(folder):
    """The reference numbers of the published networks."""
    return json.loads((folder / "expected.json").read_text())["networks"]


def van_der_pol(mu=1.0):
    """x' = y, y' = mu (1 - x^2) y - x."""
    x, y, m = sympy.symbols("x y mu")
    return field([y, m * (1 - x**2) * y - x], "x y", mu=mu)


def curved_saddle():
    """x' = x, y' = -y + x^2: unstable manifold y = x^2 / 3, stable manifold x = 0."""
    x, y = sympy.symbols("x y")
    return field([x, -y + x**2], "x y")


def duffing():
    """x'' = x - x^3: homoclinic loops y^2 = x^2 - x^4 / 2."""
    x, y = sympy.symbols("x y")
    return field([y, x - x**3], "x y")


def pendulum():
    """x'' = -sin x: heteroclinic orbits y = +-2 cos(x / 2)."""
    x, y = sympy.symbols("x y")
    return field([y, -sympy.sin(x)], "x y")


def double_well(slope=0.0):
    """x' = x - x^3 + slope: U = x^4 / 4 - x^2 / 2 - slope x."""
    x, b = sympy.symbols("x slope")
    return field([x - x**3 + b], "x", slope=slope)


def points(branch, *kinds):
    """Special points of some kinds."""
    return [point for point in branch.special_points if point.kind in kinds]


def network(full=False, units=6, seed=0, **settings):
    """A network with random entries and nothing to do."""
    rng = np.random.default_rng(seed)
    shared = {
        "I": rng.standard_normal((units, 2)),
        "w": rng.standard_normal(units),
        "h0": rng.standard_normal(units),
    }
    if full:
        return FullRankRNN(J=rng.standard_normal((units, units)), **shared, **settings)
    return LowRankRNN(*rng.standard_normal((2, units, 2)), **shared, **settings)


def deciding_network(units=120, seed=3, **settings):
    """A rank-one network that decides by the sign of its input."""
    m, I, w = np.random.default_rng(seed).standard_normal((3, units, 1))
    return LowRankRNN(m, 1.3 * m + 1.5 * I, I, 4 * w + 4 * m, **{"noise_std": 0.02, **settings})
