"""Exact statements about the origin against numbers: normal forms, stability, symmetries."""

import numpy as np
import pytest
import sympy

from dynsys.analysis import compile_field, continue_branch, find_fixed_points
from dynsys.populations import Populations
from dynsys.symbolic import (
    System,
    mean_field,
    origin_branch,
    origin_hopf,
    origin_stability,
    symmetries,
)
from tasks import InputError

x, y, z, r, a, b = sympy.symbols("x y z r a b")


def rank_two(overlap, spread=None, phi="tanh", inputs=0):
    """One population of zero mean with given Sigma_nm (rows n) and Sigma_mm."""
    covariance = np.zeros((4 + inputs, 4 + inputs))
    covariance[:2, :2] = np.eye(2) if spread is None else spread
    covariance[2:4, :2], covariance[:2, 2:4] = overlap, np.transpose(overlap)
    covariance[2:4, 2:4] = 40 * np.eye(2)
    for s in range(inputs):
        covariance[4 + s, 4 + s], covariance[s % 2, 4 + s], covariance[4 + s, s % 2] = 1.0, 0.2, 0.2
    zero = np.zeros((1, 4 + inputs))
    return mean_field(Populations([1.0], zero, covariance[None], 2, inputs, 0, phi, means_kind="zero"))


def two_populations():
    """Two populations, rank two, whose origin begins to oscillate as the gain grows."""
    rng = np.random.default_rng(3)
    factors = rng.standard_normal((2, 4, 4)) / 2
    covariances = factors @ factors.transpose(0, 2, 1) + 0.1 * np.eye(4)
    for C, turn in zip(covariances, (1.3, 0.8)):
        C[2:, :2] = [[1.1, -turn], [turn + 0.4, 0.7]]
        C[:2, 2:] = C[2:, :2].T
        C[2:, 2:] += 30 * np.eye(2)
    return mean_field(Populations([0.6, 0.4], np.zeros((2, 4)), covariances, 2, 0, 0, means_kind="zero"))


def cubic_plane(rng, trace=None, determinant=None):
    """A random planar system of third degree, its linear part on the border asked for."""
    A = rng.standard_normal((2, 2))
    if trace is not None:
        A[1, 1], A[1, 0] = trace - A[0, 0], -(1.0 + A[0, 0] ** 2) / A[0, 1]
    if determinant is not None:
        A[1, 1] = A[0, 1] * A[1, 0] / A[0, 0]
    powers = [x**2, x * y, y**2, x**3, x**2 * y, x * y**2, y**3]
    rests = [sum(float(c) * p for c, p in zip(rng.standard_normal(7), powers)) for _ in range(2)]
    return A, System([float(A[k, 0]) * x + float(A[k, 1]) * y + r * (x, y)[k] + rests[k] for k in range(2)],
                     [x, y], parameters={"r": 0.0})  # fmt: skip


def tensors(system):
    """Second and third derivatives at the origin, by sympy one at a time."""
    state, place = system.state, dict.fromkeys((*system.state, system.symbol("r")), 0)
    B, C = np.zeros((2, 2, 2)), np.zeros((2, 2, 2, 2))
    for where in np.ndindex(2, 2, 2):
        B[where] = system.equations[where[0]].diff(*(state[k] for k in where[1:])).subs(place)
    for where in np.ndindex(2, 2, 2, 2):
        C[where] = system.equations[where[0]].diff(*(state[k] for k in where[1:])).subs(place)
    return B, C


@pytest.mark.parametrize("seed", range(4))
def test_lyapunov_coefficient_is_that_of_the_textbook(seed):
    """Kuznetsov's formula with eigenvectors, in numbers."""
    A, system = cubic_plane(np.random.default_rng(seed), trace=0.0)
    B, C = tensors(system)
    values, vectors = np.linalg.eig(A)
    k = values.imag.argmax()
    omega, q = values[k].imag, vectors[:, k]
    p = np.linalg.inv(vectors)[k]  # conj(p) in p* . q
    qq, qc = np.einsum("rij,i,j", B, q, q), np.einsum("rij,i,j", B, q, q.conj())
    c = np.einsum("rijk,i,j,k", C, q, q, q.conj())
    c -= 2 * np.einsum("rij,i,j", B, q, np.linalg.solve(A, qc))
    c += np.einsum("rij,i,j", B, q.conj(), np.linalg.solve(2j * omega * np.eye(2) - A, qq))
    found = origin_hopf(system, "r").numbers({"r": 0.3})
    assert found["c1"] == pytest.approx((p @ c).real / 2, rel=1e-10)
    assert found["omega"] == pytest.approx(omega, rel=1e-12) and found["speed"] == pytest.approx(1.0)
    assert found["at"] == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("seed", range(4))
def test_branch_coefficients_are_those_of_the_textbook(seed):
    A, system = cubic_plane(np.random.default_rng(seed), determinant=0.0)
    B, C = tensors(system)
    values, vectors = np.linalg.eig(A)
    k = np.abs(values).argmin()
    q, psi = vectors[:, k], np.linalg.inv(vectors)[k]
    q, psi = (q, psi) if q[0] > 0 else (-q, -psi)
    second = np.einsum("rij,i,j", B, q, q)
    border = np.block([[A, psi[:, None]], [q[None], np.zeros((1, 1))]])
    h = np.linalg.solve(border, np.append(psi @ second * q - second, 0.0))[:2]
    h -= psi @ h * q
    b30 = psi @ (np.einsum("rijk,i,j,k", C, q, q, q) + 3 * np.einsum("rij,i,j", B, q, h))
    found = origin_branch(system, "r").numbers({"r": 1e-3})
    assert found["at"] == pytest.approx(0.0, abs=1e-12)
    expected = {"a01": 0.0, "b11": 1.0, "b20/2": psi @ second / 2, "b30/6": b30 / 6}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("phi, c1", [("erf", -np.pi / 2), ("tanh", -2.0)])
def test_rotation_of_rank_two(phi, c1):
    """DYNAMICS D11: a Hopf point at a = 1, omega = b, c1 = -(pi / 2)(1 + i b) at b = 1 for erf."""
    system = rank_two([[0.5, -0.5], [0.5, 0.5]], phi=phi)
    hopf = origin_hopf(system)
    numbers = hopf.numbers(system.values)
    assert numbers == pytest.approx({"at": 2.0, "omega": 1.0, "speed": 0.5, "c1": c1}, rel=1e-12)
    overlaps = sum(system.symbol(name) for name in ("sigma_m1n1", "sigma_m2n2"))
    assert sympy.simplify(hopf.condition.diff(overlaps.args[0]) - hopf.condition.diff(overlaps.args[1])) == 0
    assert r"\operatorname{Re} c_1" in hopf._repr_latex_() and r"\omega^2" in hopf._repr_latex_()


def test_stuart_landau():
    """DYNAMICS D3: omega = 1, c1 = -2.246 - 0.264 i."""
    nu, c3, m = 1.0, 1.123, 0.132
    square = x**2 + y**2
    f = [r * x - nu * y - square * (c3 * x - m * y), r * y + nu * x - square * (c3 * y + m * x)]
    found = origin_hopf(System(f, [x, y], parameters=[r]), "r").numbers({"r": 1.0})
    assert found == pytest.approx({"at": 0.0, "omega": 1.0, "speed": 1.0, "c1": -2.246}, rel=1e-12)


def test_hopf_of_two_populations_is_the_one_that_continuation_finds():
    system = two_populations()
    found = origin_hopf(system).numbers(system.values)
    branch = continue_branch(compile_field(system), [0.0, 0.0], "gain", (0.2, 3.0))
    (point,) = [p for p in branch.special_points if p.kind == "Hopf"]
    assert point.value == pytest.approx(found["at"], rel=1e-9)
    assert point.coefficients["omega"] == pytest.approx(found["omega"], rel=1e-8)
    assert point.coefficients["speed"] == pytest.approx(found["speed"], rel=1e-6)
    assert point.coefficients["c1"].real == pytest.approx(found["c1"], rel=1e-6)


@pytest.mark.parametrize("phi", ["tanh", pytest.param("erf", marks=pytest.mark.slow)])
def test_pitchfork_of_rank_two_gives_the_size_of_what_branches(phi):
    spread = np.array([[1.5, 0.4], [0.4, 0.8]])
    system = rank_two([[1.2, 0.7], [0.3, 0.2]], spread, phi)
    branch = origin_branch(system)
    numbers = branch.numbers({**system.values, "gain": 0.7})
    assert branch.kind == "pitchfork" and numbers["b20/2"] == 0.0
    largest = np.linalg.eigvals([[1.2, 0.7], [0.3, 0.2]]).real.max()
    assert numbers["at"] == pytest.approx(1 / largest, rel=1e-12)
    dp = 1e-4
    points = find_fixed_points(compile_field(system, gain=numbers["at"] + dp))
    size = np.linalg.norm(points[-1].kappa)
    assert size == pytest.approx(np.sqrt(-numbers["b11"] * dp / numbers["b30/6"]), rel=2e-3)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_stability_conditions_are_those_of_the_eigenvalues(rank):
    rng = np.random.default_rng(rank)
    state, entries = sympy.symbols(f"x0:{rank}"), sympy.symbols(f"c0:{rank**2}")
    f = [sum(entries[i * rank + j] * state[j] for j in range(rank)) for i in range(rank)]
    statement = origin_stability(System(f, state, parameters=entries))
    agreed = set()
    for _ in range(80 // rank**2 + 10):
        A = rng.standard_normal((rank, rank)) - 1.2 * np.eye(rank)
        stable = np.linalg.eigvals(A).real.max() < 0
        values = {entry.name: float(value) for entry, value in zip(entries, A.ravel())}
        assert statement.holds(values) == stable
        agreed.add(bool(stable))
    assert agreed == {True, False}
    assert (statement.oscillatory is None) == (rank == 1) and statement.stationary is not None


def test_stability_in_the_overlaps():
    system = rank_two([[1.2, 0.7], [0.3, 0.2]], inputs=1)
    statement = origin_stability(system)
    assert [name for name, _ in statement.conditions] == ["c_1", "c_2"]
    names = {s.name for s in statement.stationary.free_symbols}
    assert names == {"gain", "noise", "sigma_m1n1", "sigma_m2n1", "sigma_m1n2", "sigma_m2n2"}
    critical = 1 / np.linalg.eigvals([[1.2, 0.7], [0.3, 0.2]]).real.max()
    assert statement.holds({**system.values, "gain": 0.999 * critical})
    assert not statement.holds({**system.values, "gain": 1.001 * critical})
    assert "> 0" in statement._repr_latex_() and "c_2" in repr(statement)
    with pytest.raises(InputError, match="up to 4 state variables"):
        origin_stability(System([-s for s in sympy.symbols("q0:5")], sympy.symbols("q0:5")))


class TestSymmetries:
    def test_one_population_of_zero_mean_flips_as_a_whole(self):
        found = symmetries(rank_two([[1.2, 0.7], [0.3, 0.2]], inputs=1))
        assert len(found.maps) == 1 and not found.generators
        assert {name: (-1, name) for name in ("kappa1", "kappa2", "v")} in found
        assert repr(found) == "Symmetries(for all parameters: (kappa1, kappa2, v) -> (-kappa1, -kappa2, -v))"

    def test_its_values_may_have_more(self):
        system = rank_two(np.diag([1.2, 1.2]))
        found = symmetries(system, values=True)
        assert len(found.maps) == 7  # all signed exchanges of two variables
        assert {"kappa1": (1, "kappa2"), "kappa2": (-1, "kappa1")} in found
        assert found.rotations == (True,)
        np.testing.assert_allclose(
            np.abs(found.generators[0]), [[0, np.sqrt(0.5)], [np.sqrt(0.5), 0]], atol=1e-9
        )
        assert len(symmetries(rank_two(np.diag([1.2, 1.3])), values=True).maps) == 3

    def test_rotations_keep_an_ellipse(self):
        """A semisimple double eigenvalue: kappa^T Sigma_mm kappa is constant on a continuum (THEORY 6)."""
        spread = np.array([[1.5, 0.4], [0.4, 0.8]])
        (K,) = symmetries(rank_two(1.2 * np.eye(2), spread), values=True).generators
        np.testing.assert_allclose(spread @ K + K.T @ spread, 0, atol=1e-8)

    def test_means_keep_the_flip_of_everything_and_relu_has_none(self):
        rng = np.random.default_rng(0)
        factor = rng.standard_normal((2, 4, 4))
        settings = [0.4, 0.6], rng.standard_normal((2, 4)), factor @ factor.transpose(0, 2, 1), 1, 1, 1
        assert len(symmetries(mean_field(Populations(*settings))).maps) == 1
        assert not symmetries(mean_field(Populations(*settings, phi="relu"))).maps

    def test_lorenz_and_a_system_without_any(self):
        lorenz = System([a * (y - x), x * (r - z) - y, x * y - b * z], [x, y, z], parameters=[a, r, b])
        found = symmetries(lorenz)
        assert found.maps == ({"x": (-1, "x"), "y": (-1, "y"), "z": (1, "z")},)
        assert repr(symmetries(System([r + x**2], [x], parameters=[r]))).endswith("all parameters: none)")

    def test_refusals(self):
        with pytest.raises(InputError, match="no value for r"):
            symmetries(System([r * x], [x], parameters=[r]), values=True)
        with pytest.raises(InputError, match="finite at random places"):
            symmetries(System([sympy.log(-(x**2) - 1)], [x]))


def test_refusals():
    line = System([r * x], [x], parameters=[r])
    with pytest.raises(InputError, match="two state variables are needed"):
        origin_hopf(line, "r")
    with pytest.raises(InputError, match="origin is no fixed point"):
        origin_stability(System([1 - x], [x]))
    with pytest.raises(InputError, match="'s' is none of r"):
        origin_hopf(System([r * x, y], [x, y], parameters=[r]), "s")
