"""Fields: exact finite-N derivatives against differences, agreement with the network, checks at the door."""

import pickle

import numpy as np
import problems
import pytest

from dynsys.analysis import Field, FieldFunctions, compile_field, find_fixed_points, reduced_field
from dynsys.symbolic import System, mean_field
from rnn import FullRankRNN, LowRankRNN
from rnn.activations import phi
from tasks import InputError

STEP = 1e-5


def make_network(rng, rank=2, inputs=2, outputs=1, name="tanh", units=30):
    draws = [rng.standard_normal((units, count)) for count in (rank, rank, inputs, outputs)]
    return LowRankRNN(*draws, phi=name)


@pytest.mark.parametrize("name", ["tanh", "erf", "relu", "linear"])
def test_reduced_field_is_the_equation(rng, name):
    net = make_network(rng, name=name)
    field = reduced_field(net).with_values(gain=1.3)
    kappa, v = rng.standard_normal(2), rng.standard_normal(2)
    activity = phi(name, net.m @ kappa + net.I @ v)
    np.testing.assert_allclose(field.rhs(kappa, v), -kappa + 1.3 * net.n.T @ activity / net.units, atol=1e-14)
    np.testing.assert_allclose(field.outputs(kappa, v), net.w.T @ activity / net.units, atol=1e-14)


@pytest.mark.parametrize("name", ["tanh", "erf", "relu", "linear"])
def test_derivatives_are_exact(rng, name):
    field = reduced_field(make_network(rng, name=name)).with_values(gain=0.7)
    kappa, v, q = rng.standard_normal((3, 2))

    def along(h):
        return field.rhs(kappa + h * q, v)

    columns = [(field.rhs(kappa + e, v) - field.rhs(kappa - e, v)) / (2 * STEP) for e in STEP * np.eye(2)]
    np.testing.assert_allclose(field.jacobian(kappa, v), np.transpose(columns), atol=1e-8)
    slopes = [(field.rhs(kappa, v + e) - field.rhs(kappa, v - e)) / (2 * STEP) for e in STEP * np.eye(2)]
    up, down = field.with_values(gain=0.7 + STEP), field.with_values(gain=0.7 - STEP)
    slopes.append((up.rhs(kappa, v) - down.rhs(kappa, v)) / (2 * STEP))
    np.testing.assert_allclose(field.parameter_jacobian(kappa, v), np.transpose(slopes), atol=1e-8)
    second, third = field.directional(kappa, q, v)
    if name != "relu":  # a difference across a kink is no derivative
        h = 3e-3
        values = [along(k * h) for k in (-2, -1, 0, 1, 2)]
        np.testing.assert_allclose(second, np.dot([-1, 16, -30, 16, -1], values) / (12 * h**2), atol=1e-6)
        h = 3e-2
        values = [along(k * h) for k in (-3, -2, -1, 1, 2, 3)]
        np.testing.assert_allclose(third, np.dot([1, -8, 13, -13, 8, -1], values) / (8 * h**3), atol=2e-4)


def test_the_full_jacobian_has_the_reduced_eigenvalues(rng):
    """The lift of THEORY: eigenvalues of -Id + J diag(phi') are those of the reduced field, and -1."""
    net = problems.random_network(4, 2)
    for point in find_fixed_points(reduced_field(net)):
        slope = 1 - np.tanh(net.m @ point.kappa) ** 2
        full = -np.eye(net.units) + net.m @ net.n.T / net.units * slope
        eigenvalues = np.sort_complex(np.linalg.eigvals(full))
        reduced = np.sort_complex(np.concatenate([point.eigenvalues, -np.ones(net.units - 2)]))
        np.testing.assert_allclose(eigenvalues, reduced, atol=1e-7)


def test_trapping_box_holds_whatever_the_state_and_input(rng):
    field = reduced_field(make_network(rng)).with_values(gain=2.0)
    drive = field.rhs(rng.normal(0, 50, (200, 2)), [5.0, -3.0])
    states = rng.normal(0, 50, (200, 2))
    drive = field.rhs(states, [5.0, -3.0]) + states
    assert (np.abs(drive) <= field.trapping_box()[:, 1] + 1e-12).all()
    assert reduced_field(make_network(rng, name="relu")).trapping_box() is None


def test_no_compilation_per_network(rng):
    first, second = reduced_field(make_network(rng)), reduced_field(make_network(rng, rank=3, units=7))
    assert first.functions is not second.functions and first.functions == second.functions


def test_mean_field_and_its_derivatives(rng):
    field = compile_field(mean_field(problems.rank_one_populations(1.5)))
    assert field.inputs == ("v",) and field.filtered_inputs and field.time_unit == "tau"
    slope = (field.rhs([0.5 + STEP], 0.3) - field.rhs([0.5 - STEP], 0.3)) / (2 * STEP)
    np.testing.assert_allclose(field.jacobian([0.5], 0.3)[0], slope, atol=1e-9)
    # erf, zero means: Phi_1 = (1 + pi Delta / 2)^(-1/2), Delta = kappa^2 + v^2
    expected = -0.5 + 1.5 * 0.5 / np.sqrt(1 + np.pi * (0.5**2 + 0.3**2) / 2)
    np.testing.assert_allclose(field.rhs([0.5], 0.3), [expected], atol=1e-14)


def test_a_field_written_by_hand():
    field = problems.cusp(0.3, 0.5)
    np.testing.assert_allclose(field.rhs([[2.0], [1.0]]), [[0.3 + 1 - 8], [0.3 + 0.5 - 1]])
    np.testing.assert_allclose(field.parameter_jacobian([2.0]), [[1.0, 2.0]])
    assert field.with_values(lam=2.0).parameter_values == {"mu": 0.3, "lam": 2.0}
    assert field.parameter_values["lam"] == 0.5


def test_fields_travel_to_other_processes(rng):
    field = reduced_field(make_network(rng))
    again = pickle.loads(pickle.dumps(field))
    np.testing.assert_array_equal(again.rhs([0.1, 0.2]), field.rhs([0.1, 0.2]))
    np.testing.assert_array_equal(again.trapping_box(), field.trapping_box())


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda f: f.with_values(lamda=1), "lamda.*it has mu, lam"),
        (lambda f: f.with_values(mu=float("nan")), "mu: must be finite"),
        (lambda f: f.rhs([1.0, 2.0]), r"kappa: expected \(R,\)"),
        (lambda f: f.rhs([1.0], {"v": 1}), "'v' unknown"),
        (lambda f: f.rhs([1.0], [1.0]), "inputs: expected"),
        (lambda f: Field(f.functions, ("x",), (), ("x",), [1.0]), "repeated"),
        (lambda f: Field(f.functions, ("x",), (), ("a", "b"), [1.0]), "values: got 1"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(InputError, match=words):
        call(problems.cusp())


def test_refusals_of_the_makers(rng):
    with pytest.raises(InputError, match="truncate"):
        reduced_field(FullRankRNN(np.eye(3), np.ones(3), np.ones(3)))
    x, a = problems.sympy.symbols("x a")
    with pytest.raises(InputError, match="no value for a"):
        compile_field(System([a * x], [x], parameters=["a"]))
    assert compile_field(System([a * x], [x], parameters=["a"]), a=2.0).rhs([3.0]) == 6.0
    assert FieldFunctions._fields[0] == "rhs"
