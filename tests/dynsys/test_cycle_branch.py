"""Branches of cycles against closed forms, published numbers and relations that always hold."""

import signal

import numpy as np
import problems
import pytest
import sympy
from scipy.integrate import solve_ivp

from dynsys.analysis import (
    Cycle,
    compile_field,
    continue_branch,
    continue_cycles,
    find_cycles,
    integrate,
)
from dynsys.analysis.cycle_curve import nontrivial
from dynsys.analysis.cycle_guess import refine_cycle
from dynsys.numerics.collocation_basis import lagrange, sample
from dynsys.numerics.floquet import monodromy_blocks
from dynsys.symbolic import System, mean_field
from tasks.errors import InputError, OutcomeError, Status


def circle(dimension=2):
    """The unit circle in the first two coordinates, one turn in 2 pi."""
    t = np.linspace(0, 2 * np.pi, 101)
    states = np.zeros((101, dimension))
    states[:, 0], states[:, 1] = np.cos(t), np.sin(t)
    return Cycle(states, t, 2 * np.pi, np.ones(dimension), "unstable cycle")


def hopf_points(field, start, parameter, span):
    found = continue_branch(field, start, parameter, span).special_points
    return [point for point in found if point.kind == "Hopf"]


def events(branch, kind=None):
    return [point for point in branch.special_points if kind is None or point.kind == kind]


def trace_integral(field, branch, i):
    """Integral of the trace of the Jacobian over the cycle, from its polynomials."""
    points, parameter = branch.orbits[i], {branch.parameter: branch.values[i]}
    z, weights = np.polynomial.legendre.leggauss(8)
    basis = lagrange(0.5 * (z + 1))[0]
    mesh, total = branch.meshes[i], 0.0
    for j in range(mesh.size - 1):
        states = basis @ points[4 * j : 4 * j + 5]
        traces = np.trace(field.with_values(**parameter).jacobian(states), axis1=1, axis2=2)
        total += 0.5 * weights @ traces * (mesh[j + 1] - mesh[j])
    return total * branch.periods[i]


def test_a_hopf_branch_has_the_amplitude_period_and_multiplier_of_its_normal_form():
    field = problems.stuart_landau(-0.5)
    (hopf,) = hopf_points(field, [0.0, 0.0], "r", (-0.5, 1.0))
    branch = continue_cycles(field, hopf, "r", (-0.5, 1.0))
    r = branch.values
    assert branch.status is Status.REACHED_SPAN and r[0] == pytest.approx(0, abs=1e-12) and r[-1] == 1.0
    assert "above" in branch.message
    np.testing.assert_allclose(branch.high, np.sqrt(r / 1.123)[:, None] * [1, 1], atol=1e-9)
    np.testing.assert_allclose(branch.low, -np.sqrt(r / 1.123)[:, None] * [1, 1], atol=1e-9)
    period = 2 * np.pi / (1 - 0.132 * r / 1.123)
    np.testing.assert_allclose(branch.periods, period, rtol=1e-10)
    np.testing.assert_allclose(branch.multipliers[1:, 0], 1, atol=1e-9)
    np.testing.assert_allclose(branch.multipliers[:, 1], np.exp(-2 * r * period), rtol=1e-8)
    assert branch.stable.all()
    near = branch.at(0.37)
    assert len(near) == 1 and near[0].amplitude == pytest.approx(np.sqrt(0.37 / 1.123), abs=5e-3)


def test_morris_lecar_has_its_folds_of_cycles_between_two_subcritical_hopf_points():
    field = problems.morris_lecar()
    first, second = hopf_points(field, [-60.0, 0.01], "I", (0.0, 300.0))
    branch = continue_cycles(field, first, "I", (0.0, 300.0), marks=(100.0,))
    there = [point.kind for point in branch.special_points]
    assert there == ["fold of cycles", "mark", "fold of cycles", "Hopf"]
    low, mark, high, end = branch.special_points
    assert (low.value, low.period) == pytest.approx((88.2933, 135.386), rel=1e-5)
    assert (high.value, high.period) == pytest.approx((216.900, 77.9291), rel=1e-5)
    assert mark.period == pytest.approx(85.2906410, abs=1e-7)  # MatCont and AUTO agree
    assert nontrivial(mark.multipliers[None])[0].real == pytest.approx(5.366e-5, rel=1e-4)
    assert branch.ends == (Status.COMPLETED, Status.HOPF_POINT)
    assert end.value == pytest.approx(212.0188161004, abs=1e-8)
    assert end.period == pytest.approx(2 * np.pi / 0.148602171, rel=1e-8)
    turns = [np.argmin(np.abs(branch.values - point.value)) for point in (low, high)]
    assert not branch.stable[1 : turns[0]].any() and branch.stable[turns[0] + 1 : turns[1]].all()
    back = continue_cycles(field, second, "I", (0.0, 300.0))  # the same family from its other end
    assert [point.kind for point in back.special_points] == ["fold of cycles", "fold of cycles", "Hopf"]
    assert [p.value for p in back.special_points] == pytest.approx([high.value, low.value, first.value])


@pytest.mark.parametrize("intervals, off", [(40, 3e-2), (100, 3e-5)])
def test_the_multipliers_keep_the_volume(intervals, off):
    # Liouville's formula; the unstable cycles here have multipliers up to 1e8.
    field = problems.morris_lecar()
    hopf = hopf_points(field, [-60.0, 0.01], "I", (0.0, 300.0))[0]
    branch = continue_cycles(field, hopf, "I", (0.0, 300.0), intervals=intervals)
    for i in range(3, len(branch), 9):
        product = np.log(np.abs(branch.multipliers[i])).sum()
        assert product == pytest.approx(trace_integral(field, branch, i), abs=off)
        assert np.abs(branch.multipliers[i] - 1).min() < off


def test_van_der_pol_keeps_its_digits_from_nearly_linear_to_relaxation():
    field = problems.van_der_pol(1.0)
    branch = continue_cycles(field, find_cycles(field)[0], "mu", (0.5, 5.0), marks=(1.0, 2.0, 5.0))
    assert branch.status is Status.REACHED_SPAN and branch.values[[0, -1]].tolist() == [0.5, 5.0]
    one, two, five = events(branch, "mark")
    assert one.period == pytest.approx(6.6632868593, abs=1e-9)
    assert one.high[0] == pytest.approx(2.00861986, abs=1e-8)
    assert two.period == pytest.approx(7.6298744797, abs=1e-9)
    assert five.period == pytest.approx(11.6122306677, abs=1e-8)
    assert nontrivial(one.multipliers[None])[0].real == pytest.approx(8.59695e-4, rel=1e-6)
    assert nontrivial(two.multipliers[None])[0].real == pytest.approx(1.2738e-8, rel=1e-4)
    assert branch.stable.all()


def test_a_period_without_bound_is_told_and_the_saddle_named():
    field = problems.predator_prey(0.5)
    start = [1 / 3, 2 - 1.5 * (1 - np.exp(-5 / 3))]
    hopf = hopf_points(field, start, "p1", (0.4, 0.8))[0]
    branch = continue_cycles(field, hopf, "p1", (0.4, 1.0), marks=(0.671709, 0.707941))
    near, far = events(branch, "mark")
    assert near.period == pytest.approx(10.4024, abs=2e-3) and far.period == pytest.approx(36, abs=0.05)
    assert branch.status is Status.NEAR_HOMOCLINIC and branch.status.ok
    assert "goes to infinity: a homoclinic orbit of the saddle" in branch.message
    assert branch.periods[-1] > 60 and branch.stable[1:-1].all()


@pytest.mark.slow
def test_a_torus_begins_where_the_reduced_system_oscillates():
    # r' = r z, z' = lam z + 1 - r^2: eigenvalues lam / 2 +- i sqrt(2 - lam^2 / 4) on the cycle r = 1, z = 0.
    x, y, z, lam = sympy.symbols("x y z lam")
    field = problems.field([x * z - y, y * z + x, lam * z + 1 - x**2 - y**2], "x y z", lam=-0.5)
    branch = continue_cycles(field, circle(3), "lam", (-1.0, 1.0))
    (torus,) = branch.special_points
    assert torus.kind == "torus" and torus.value == pytest.approx(0, abs=1e-10)
    assert "0.414214 turns a period" in torus.sentence  # sqrt(2) - 1
    at = np.argmin(np.abs(branch.values + 0.5))
    value = branch.values[at]
    pair = np.exp(2 * np.pi * (value / 2 + 1j * np.sqrt(2 - value**2 / 4)))
    others = nontrivial(branch.multipliers[at][None])[0]
    assert np.abs(others - pair).min() < 1e-8
    assert branch.stable[0] and not branch.stable[-1]


def test_cycles_cross_in_a_branch_point_and_both_sides_are_followed():
    x, y, z, lam = sympy.symbols("x y z lam")
    ring = 1 - x**2 - y**2
    pitch = problems.field([x * ring - y, y * ring + x, lam * z - z**3], "x y z", lam=-0.5)
    branch = continue_cycles(pitch, circle(3), "lam", (-1.0, 1.0))
    (crossing,) = branch.special_points
    assert crossing.kind == "branch point of cycles" and crossing.value == pytest.approx(0, abs=1e-8)
    side = continue_cycles(pitch, crossing, "lam", (-1.0, 1.0))
    np.testing.assert_allclose(side.high[:, 2] ** 2, np.abs(side.values), atol=1e-9)
    assert sorted(side.high[[0, -1], 2]) == pytest.approx([-1, 1]) and side.values.min() > -1e-9
    back = continue_cycles(pitch.with_values(lam=side.values[-1]), side.cycle(-1), "lam", (-1.0, 1.0))
    assert [p.kind for p in back.special_points] == ["branch point of cycles"]  # not a fold, from the side
    assert back.special_points[0].value == pytest.approx(0, abs=1e-6)
    trans = problems.field([x * ring - y, y * ring + x, lam * z - z**2], "x y z", lam=-0.5)
    crossing = continue_cycles(trans, circle(3), "lam", (-1.0, 1.0)).special_points[0]
    side = continue_cycles(trans, crossing, "lam", (-1.0, 1.0))
    np.testing.assert_allclose(side.high[:, 2], side.values, atol=1e-9)


def test_a_fold_of_cycles_and_the_hopf_point_of_a_subcritical_normal_form():
    # r' = r (mu + r^2 - r^4): cycles r^2 = (1 +- sqrt(1 + 4 mu)) / 2, fold at mu = -1/4, Hopf at 0.
    x, y, mu = sympy.symbols("x y mu")
    square = x**2 + y**2
    growth = mu + square - square**2
    field = problems.field([x * growth - y, y * growth + x], "x y", mu=-0.5)
    (hopf,) = hopf_points(field, [0.0, 0.0], "mu", (-0.5, 0.5))
    branch = continue_cycles(field, hopf, "mu", (-0.5, 0.5))
    (fold,) = branch.special_points
    assert fold.kind == "fold of cycles" and fold.value == pytest.approx(-0.25, abs=1e-10)
    assert "exist for mu above it" in fold.sentence
    assert fold.high == pytest.approx(np.sqrt([0.5, 0.5]), abs=1e-5)
    r2 = branch.high[:, 0] ** 2
    np.testing.assert_allclose(branch.values, r2**2 - r2, atol=1e-9)
    np.testing.assert_allclose(
        nontrivial(branch.multipliers[1:])[:, 0].real,
        np.exp(2 * np.pi * (2 * r2 - 4 * r2**2)[1:]), rtol=1e-4, atol=1e-7,
    )  # fmt: skip
    assert (branch.stable == (r2 > 0.5 + 1e-6))[1:].all()


@pytest.mark.slow
def test_an_isola_of_cycles_is_a_closed_loop():
    # r' = r ((r^2 - 2)^2 + mu^2 - 1) (-1): cycles on the circle (r^2 - 2)^2 + mu^2 = 1.
    x, y, mu = sympy.symbols("x y mu")
    growth = 1 - (x**2 + y**2 - 2) ** 2 - mu**2
    field = problems.field([x * growth - y, y * growth + x], "x y", mu=0.0)
    t = np.linspace(0, 2 * np.pi, 81)
    start = Cycle(np.sqrt(3) * np.column_stack([np.cos(t), np.sin(t)]), t, 2 * np.pi, [1, 1], "stable cycle")
    branch = continue_cycles(field, start, "mu", (-3.0, 3.0))
    assert branch.ends == (Status.CLOSED_LOOP,) * 2
    folds = [point.value for point in events(branch, "fold of cycles")]
    assert sorted(folds) == pytest.approx([-1, 1], abs=1e-10)


@pytest.mark.slow
def test_the_rotation_of_a_mean_field_of_rank_two():
    populations = problems.rank_two_populations([[0.9, -1.0], [1.0, 0.9]], phi="erf")
    field = compile_field(mean_field(populations))
    (hopf,) = hopf_points(field, [0.0, 0.0], "gain", (0.5, 2.0))
    branch = continue_cycles(field, hopf, "gain", (0.5, 2.0), marks=(1.5,))
    assert (
        hopf.value == pytest.approx(1 / 0.9) and branch.status is Status.REACHED_SPAN and branch.stable.all()
    )
    (mark,) = events(branch, "mark")
    a, b = 1.35, 1.5  # kappa' = -kappa + [[a, -b], [b, a]] kappa / sqrt(1 + pi |kappa|^2 / 2)
    assert mark.period == pytest.approx(2 * np.pi * a / b, rel=1e-9)
    radius = np.sqrt((a**2 - 1) * 2 / np.pi)
    assert mark.high == pytest.approx([radius, radius], rel=1e-8)
    multiplier = nontrivial(mark.multipliers[None])[0].real
    assert multiplier == pytest.approx(np.exp(-(1 - 1 / a**2) * mark.period), rel=1e-6)


def test_multipliers_of_a_chain_keep_small_ones_and_pairs():
    rng = np.random.default_rng(3)
    basis = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    small = np.zeros((4, 4))
    small[0, 0], small[1:3, 1:3], small[3, 3] = 1.9, 0.8 * turn, 1e-2
    out = np.empty((4, 4))
    monodromy_blocks(np.tile(basis @ small @ basis.T, (5, 1, 1)), np.eye(4), out)
    found = np.linalg.eigvals(out)
    wanted = [1.9**5, 1e-10, *(0.8**5 * np.exp([1.5j, -1.5j]))]
    for value in wanted:
        assert np.abs(found / value - 1).min() < 1e-9


def test_what_makes_no_sense_is_refused():
    field = problems.stuart_landau(-0.5)
    (hopf,) = hopf_points(field, [0.0, 0.0], "r", (-0.5, 1.0))
    with pytest.raises(InputError, match="expected a Hopf point, a Cycle or a CyclePoint, got list"):
        continue_cycles(field, [0.0, 0.0], "r", (-1, 1))
    with pytest.raises(InputError, match="outside the span"):
        continue_cycles(field, hopf, "r", (0.5, 1))
    with pytest.raises(InputError, match="a flow on a line has no cycles"):
        continue_cycles(problems.cusp(), hopf, "mu", (-1, 1))
    with pytest.raises(InputError, match="no cycles begin at a fold"):
        takens = problems.bogdanov_takens(1.0, -1.0)
        folds = continue_branch(takens, [1, 0], "b1", (-2, 2)).special_points
        continue_cycles(takens, next(p for p in folds if p.kind == "fold"), "b1", (-2, 2))
    lost = continue_cycles(field.with_values(r=-0.5), circle(), "r", (-1, 1))  # no cycle there
    assert len(lost) == 0 and lost.status is Status.NOT_CONVERGED and repr(lost)
    with pytest.raises(OutcomeError, match="No cycle"):
        continue_cycles(field, circle(), "r", (-1, 1), strict=True)
    short = continue_cycles(field, hopf, "r", (-0.5, 1), max_points=5)
    assert short.status is Status.MAX_STEPS and len(short) == 5


def test_ctrl_c_leaves_what_was_followed(monkeypatch):
    field = problems.stuart_landau(-0.5)
    (hopf,) = hopf_points(field, [0.0, 0.0], "r", (-0.5, 1.0))

    def press(self, rows):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("dynsys.analysis.cycle_continuation.Watch.end_of", press)
    branch = continue_cycles(field, hopf, "r", (-0.5, 1.0))
    assert branch.status is Status.INTERRUPTED and len(branch) > 2
    np.testing.assert_allclose(branch.high[:, 0], np.sqrt(branch.values / 1.123), atol=1e-9)


def test_roessler_doubles_its_period_again_and_again():
    x, y, z, c = sympy.symbols("x y z c")
    fifth = sympy.Float(0.2)
    field = problems.field([-y - z, x + fifth * y, fifth + z * (x - c)], "x y z", c=2.0)
    branch = continue_cycles(field, find_cycles(field)[0], "c", (0.3, 6.0))
    assert branch.ends == (Status.HOPF_POINT, Status.REACHED_SPAN)
    (doubling,) = events(branch, "period doubling")
    assert doubling.value == pytest.approx(2.832445, abs=1e-5)
    assert np.abs(doubling.multipliers + 1).min() < 1e-8
    assert not branch.stable[branch.values > 2.9].any()
    twice = continue_cycles(field, doubling, "c", (0.3, 6.0), max_points=40)
    assert twice.periods[0] == pytest.approx(2 * doubling.period, rel=1e-6)
    (again,) = events(twice, "period doubling")
    assert again.value == pytest.approx(3.83736, abs=1e-4)
    between = (twice.values > 2.85) & (twice.values < 3.8)
    assert twice.stable[between].all() and between.any()
    # The normal form tells the size of the doubled cycle: xi^2 = -(speed / c) (c - c_0).
    form, away = doubling.coefficients, twice.values[1] - doubling.value
    times, states = np.arange(400) / 400, np.empty((1, 400, 3))
    sample(twice.meshes[1].copy(), np.append(twice.orbits[1], [0.0, 0.0])[None], times, states)
    halves = 0.5 * (states[0, :200] - states[0, 200:])
    size = (halves**2).sum(axis=1).mean()
    assert size == pytest.approx(-form["speed"] / form["c"] * away, rel=2e-3) and away > 0
    assert doubling.sentence.startswith("Supercritical period doubling")
    assert "stable cycles of twice the period exist for c above it" in doubling.sentence


@pytest.mark.slow
def test_lorenz_from_its_homoclinic_to_its_cascade():
    field = problems.lorenz(24.0)
    hopf = hopf_points(field, [7.8, 7.8, 23.0], "rho", (0.5, 40.0))[0]
    branch = continue_cycles(field, hopf, "rho", (0.5, 40.0))
    assert branch.status is Status.NEAR_HOMOCLINIC and branch.values[-1] == pytest.approx(13.9266, abs=1e-4)
    assert [p.kind for p in branch.special_points] == ["homoclinic"] and not branch.stable.any()
    field = problems.lorenz(280.0)
    settled = integrate(field, [1.0, 2.0, 250.0], [0.0, 60.0]).kappa[0, -1]
    cycle = refine_cycle(field, np.zeros(0), settled, 0.4345, 100 * np.ones(3))
    branch = continue_cycles(field, cycle, "rho", (210.0, 400.0), marks=(280.0,))
    doublings, marks = events(branch, "period doubling"), events(branch, "mark")
    assert [p.value for p in doublings] == pytest.approx([229.4067] * 2, abs=1e-4)
    for mark in marks:  # the pair of mirror images, which the branch through their pitchfork connects
        assert mark.period == pytest.approx(0.4345220, abs=1e-7)
        assert sorted(nontrivial(mark.multipliers[None])[0].real) == pytest.approx(
            [0.00619, 0.42584], abs=1e-5
        )
    (pitchfork,) = events(branch, "branch point of cycles")
    symmetric = continue_cycles(field, pitchfork, "rho", (250.0, 400.0), marks=(280.0,))
    (mark,) = events(symmetric, "mark")
    assert mark.period == pytest.approx(0.4351077, abs=1e-7)
    assert mark.high[:2] == pytest.approx(-mark.low[:2], rel=1e-6)
    second = events(continue_cycles(field, doublings[0], "rho", (200.0, 400.0)), "period doubling")[0]
    third = events(continue_cycles(field, second, "rho", (200.0, 400.0)), "period doubling")[0]
    assert (second.value, third.value) == pytest.approx((218.2101, 215.9659), abs=1e-4)


def test_a_mesh_that_is_too_coarse_is_made_finer():
    """Rosenzweig and MacArthur's prey falls to 1e-15: against an integration of the logarithms."""
    text = "N' = N (1 - N / K) - 5 N Q / (1 + 15 N); Q' = 2.5 N Q / (1 + 15 N) - 0.1 Q; K = 0.2"
    field = compile_field(System.from_text(text))
    (hopf,) = continue_branch(field, [0.1, 0.25], "K", (0.15, 1)).special_points
    branch = continue_cycles(field, hopf, "K", (0.15, 1), marks=[0.8])
    assert branch.status is Status.REACHED_SPAN and branch.stable.all() and (branch.low > 0).all()
    (mark,) = branch.special_points

    def logarithms(t, y):
        n, q = np.exp(y)
        return [1 - n / 0.8 - 5 * q / (1 + 15 * n), 2.5 * n / (1 + 15 * n) - 0.1]

    def up(t, y):
        return y[0] - np.log(0.1)

    up.direction = 1.0
    start = np.log(mark.cycle.points[mark.cycle.points[:, 0].argmax()])
    run = solve_ivp(logarithms, (0, 500), start, "LSODA", events=up, rtol=1e-10, atol=1e-12)
    assert mark.period == pytest.approx(np.diff(run.t_events[0])[-1], rel=1e-6)
