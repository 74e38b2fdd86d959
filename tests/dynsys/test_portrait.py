"""Phase portraits against closed forms (D12, D13) and brute force."""

import numpy as np
import problems
import pytest
import sympy

from dynsys.analysis import (
    attractor_of,
    find_attractors,
    find_basins,
    find_nullclines,
    invariant_manifolds,
    phase_portrait,
    reduced_field,
)
from dynsys.analysis.conditions import input_conditions, phase_portraits
from dynsys.analysis.cycles import LimitCycles
from dynsys.plotting.phase import plot_potential
from dynsys.plotting.phase_plane import plot_portrait, plot_portraits
from dynsys.plotting.phase_space import plot_portrait_3d
from dynsys.plotting.style import new_figure
from rnn import LowRankRNN, load_example, simulate
from tasks import InputError, get_task

SQUARE = np.array([[-2.0, 2.0], [-2.0, 2.0]])
FIVE = np.array([[-5.0, 5.0], [-5.0, 5.0]])


def manifolds(field, box):
    return invariant_manifolds(field, find_attractors(field, box=box, cycles=LimitCycles(())))


def test_the_manifolds_of_a_curved_saddle():
    """D13: y = x^2 / 3 and x = 0."""
    lines = manifolds(problems.curved_saddle(), SQUARE)
    assert [line.stable for line in lines] == [True, True, False, False]
    for line in lines:
        x, y = line.points.T
        np.testing.assert_allclose(x if line.stable else y, 0 if line.stable else x**2 / 3, atol=1e-9)
        assert line.end == "box" and np.abs(line.points[-1]).max() > 1.99
    assert {np.sign(line.points[-1, 0]) for line in lines if not line.stable} == {-1.0, 1.0}


@pytest.mark.slow
def test_homoclinic_loops():
    """D13: Duffing's y^2 = x^2 - x^4 / 2, all four branches back to their own saddle."""
    lines = manifolds(problems.duffing(), SQUARE)
    assert len(lines) == 4 and all(line.end == "saddle" and line.target == line.saddle for line in lines)
    for line in lines:
        x, y = line.points.T
        np.testing.assert_allclose(y**2, x**2 - x**4 / 2, atol=1e-9)


@pytest.mark.slow
def test_heteroclinic_orbits():
    """D13: the pendulum's y = +-2 cos(x / 2) from saddle to saddle."""
    lines = manifolds(problems.pendulum(), 2 * SQUARE)
    joined = [line for line in lines if line.end == "saddle"]
    assert len(lines) == 8 and len(joined) == 4 and all(line.target != line.saddle for line in joined)
    for line in lines:
        x, y = line.points.T
        np.testing.assert_allclose(y**2, 4 * np.cos(x / 2) ** 2, atol=1e-8)


@pytest.mark.slow
def test_himmelblaus_portrait():
    """D12: 4 sinks, 4 saddles, 1 source; every saddle joins two sinks; four basins as by brute force."""
    field = problems.himmelblau()
    portrait = phase_portrait(field, box=FIVE)
    kinds = [point.kind for point in portrait.fixed_points]
    assert [kinds.count(k) for k in ("stable node", "saddle", "unstable node")] == [4, 4, 1]
    source = next(p for p in portrait.fixed_points if p.kind == "unstable node")
    np.testing.assert_allclose(source.kappa, [-0.27084459, -0.92303856], atol=1e-8)
    assert [m.end for m in portrait.manifolds if not m.stable] == ["attractor"] * 8
    assert sorted(m.end for m in portrait.manifolds if m.stable) == ["box"] * 4 + ["source"] * 4
    rng = np.random.default_rng(1)
    states = rng.uniform(-5, 5, (400, 2))
    direct = attractor_of(field, states, portrait.attractors)[0]
    drawn = np.array([portrait.basins.at(*state) for state in states])
    assert portrait.basins.method == "separatrices" and (direct == drawn).mean() > 0.97
    assert (direct >= 0).all() and sum(portrait.basins.shares.values()) == pytest.approx(1)


@pytest.mark.slow
def test_basins_inside_an_unstable_cycle():
    """Morris and Lecar at I = 90: rest within the unstable cycle, spiking outside."""
    portrait = phase_portrait(problems.morris_lecar(90.0))
    assert len(portrait.cycles) == 2 and portrait.attractors.kinds == ("stable focus", "stable cycle")
    unstable = next(cycle for cycle in portrait.cycles if not cycle.stable)
    rest = portrait.fixed_points[0].kappa
    for share, label in ((0.9, 0), (1.1, 1)):
        states = rest + share * (unstable.points[:-1:16] - rest)
        assert (attractor_of(problems.morris_lecar(90.0), states, portrait.attractors)[0] == label).all()
    assert portrait.basins.at(*rest) == 0 and 0.01 < portrait.basins.shares["A"] < 0.05


def test_nullclines_are_separate_and_exact():
    """(x^2 + y^2 - 1)(y - 3/2) has a circle and a horizontal line; x - y has one line."""
    x, y = sympy.symbols("x y")
    field = problems.field([(x**2 + y**2 - 1) * (y - sympy.Rational(3, 2)), x - y], "x y")
    lines = find_nullclines(field, np.zeros(0), SQUARE)
    assert sorted(line.component for line in lines) == [0, 0, 1]
    circle = next(line for line in lines if line.closed)
    np.testing.assert_allclose(np.hypot(*circle.points.T), 1, atol=1e-12)
    level = next(line for line in lines if line.component == 0 and not line.closed)
    np.testing.assert_allclose(level.points[:, 1], 1.5, atol=1e-12)
    assert np.ptp(level.points[:, 0]) > 3.9
    assert max(np.abs(np.diff(line.points, axis=0)).max() for line in lines) < 0.1


@pytest.mark.parametrize("shift", [0.0, 0.0123])
def test_nullclines_that_cross_are_cut_there(shift):
    """(x - s)(y - x) = 0: four arms that meet in (s, s), none of which turns a corner."""
    x, y, s = sympy.symbols("x y s")
    field = problems.field([(x - s) * (y - x), y], "x y", s=shift)
    arms = [line for line in find_nullclines(field, np.zeros(0), SQUARE) if line.component == 0]
    assert len(arms) == 4
    for arm in arms:
        x, y = arm.points.T
        assert np.abs(x - shift).max() < 1e-9 or np.abs(y - x).max() < 1e-9
        assert np.abs(arm.points[[0, -1]] - shift).max(axis=1).min() < 1e-9


def test_nullclines_where_the_flow_overflows_or_ends():
    """Of exp(x) y = 1, where exp overflows; 1 / x = y, whose sign changes at x = 0 too; log x = y."""
    x, y = sympy.symbols("x y")

    def arms(equation, box):
        lines = find_nullclines(problems.field([equation, y + 2], "x y"), np.zeros(0), np.array(box))
        return [line.points for line in lines if line.component == 0]

    (curve,) = arms(sympy.exp(x) * y - 1, [[-800.0, 1100.0], [-800.0, 800.0]])
    right, up = curve[curve[:, 0] > 0], curve[curve[:, 1] > 1]
    np.testing.assert_allclose(right[:, 1], np.exp(-right[:, 0]), atol=1e-6)
    np.testing.assert_allclose(up[:, 0], -np.log(up[:, 1]), atol=1e-6)
    assert len(right) > 10 and len(up) > 10 and 690 < curve[:, 0].max() < 720  # F is not finite beyond
    below, above = arms(1 / x - y, SQUARE)
    for arm in (below, above):
        np.testing.assert_allclose(arm[:, 0] * arm[:, 1], 1, atol=1e-9)
    (curve,) = arms(sympy.log(x) - y, SQUARE)
    np.testing.assert_allclose(curve[:, 1], np.log(curve[:, 0]), atol=1e-9)


def test_a_line_has_a_potential():
    """x' = x - x^3: U = x^4 / 4 - x^2 / 2."""
    portrait = phase_portrait(problems.double_well(), box=[[-1.5, 1.5]])
    exact = portrait.kappa**4 / 4 - portrait.kappa**2 / 2
    np.testing.assert_allclose(portrait.potential, exact - exact.min(), atol=1e-12)
    ax = plot_potential(portrait, new_figure()[1])
    assert len(ax.lines) == 4 and "potential" in ax.get_ylabel()


def small_network(rank):
    rng = np.random.default_rng(5)
    m = rng.standard_normal((60, rank))
    return LowRankRNN(m, 1.8 * m + 0.3 * rng.standard_normal(m.shape), np.zeros((60, 1)), m[:, :1])


def test_a_portrait_of_a_network_and_its_data():
    field = reduced_field(small_network(2))
    paths = np.zeros((3, 7, 2))
    portrait = phase_portrait(field, trajectories=paths)
    data = portrait.data()
    assert len(data["fixed_points"]) == len(portrait.fixed_points) and portrait.fixed_points.index_sum == 1
    assert len(data["nullclines"]) >= 2 and data["basins"]["labels"].shape == (160, 160)
    np.testing.assert_allclose(data["flow"], field.rhs(data["kappa"]), atol=1e-14)
    for line, speed in zip(portrait.streamlines, portrait.speeds):
        np.testing.assert_allclose(speed, np.linalg.norm(field.rhs(line), axis=1), rtol=1e-9)
        steps = np.diff(line, axis=0)
        along = field.rhs(0.5 * (line[1:] + line[:-1]))
        cosine = (steps * along).sum(axis=1) / np.linalg.norm(steps, axis=1) / np.linalg.norm(along, axis=1)
        assert cosine.min() > 0.9
    for line in portrait.nullclines:
        assert np.abs(field.rhs(line.points)[:, line.component]).max() < 1e-12
    brute = find_basins(field, portrait.attractors, portrait.box, places=24)
    drawn = [[portrait.basins.at(x, y) for y in brute.y] for x in brute.x]
    assert brute.method == "capture" and (brute.labels == drawn).mean() > 0.95
    ax = plot_portrait(portrait, new_figure()[1])
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "stable manifold" in texts and "saddle" in texts and "trials" in texts
    assert (ax.get_xlabel(), ax.get_ylabel()) == (r"$\kappa_{1}$", r"$\kappa_{2}$")
    figure, panels = plot_portraits({"one": portrait, "two": portrait})
    assert [ax.get_title(loc="left") for ax in panels] == ["one", "two"]


@pytest.mark.slow
def test_three_dimensions_are_projected():
    portrait = phase_portrait(reduced_field(small_network(3)))
    assert portrait.kappa.shape[1] == 3 and portrait.basins is None and portrait.nullclines == ()
    assert plot_portrait(portrait, new_figure()[1], plane=(0, 2)).get_ylabel() == r"$\kappa_{3}$"
    assert plot_portrait_3d(portrait).get_zlabel() == r"$\kappa_{3}$"
    ends = [m for m in portrait.manifolds if not m.stable and m.dimension == 1]
    assert ends and all(m.end == "attractor" for m in ends)


def test_the_inputs_of_a_task():
    conditions = input_conditions(get_task("dms").trials(30, rng=0))
    assert set(conditions) == {"fixation, delay, response", "A", "B"}
    np.testing.assert_array_equal(conditions["A"].inputs, [1.0, 0.0])
    assert conditions["A"].epochs == ("stimulus1", "stimulus2") and conditions["A"].steps == 25


@pytest.mark.slow
def test_portraits_of_a_task():
    net, task = load_example("dms"), get_task("dms")
    trials = task.trials(20, rng=0)
    portraits = phase_portraits(reduced_field(net), trials, simulate(net, trials, states=False))
    assert len(portraits) == 3 and len({tuple(p.box.ravel()) for p in portraits.values()}) == 1
    rest = portraits["fixation, delay, response"]
    assert len(rest.attractors) == 2 and rest.trajectories.shape == (20, trials.steps, 2)
    assert np.isnan(rest.trajectories).any()
    with pytest.raises(InputError, match="trajectory: kappa must be"):
        phase_portraits(reduced_field(net), trials, simulate(net, task.trials(5, rng=0)))


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda f: phase_portrait(f, box=[[1, -1], [0, 1]]), "box"),
        (lambda f: phase_portrait(f, box=[[0, np.nan], [0, 1]]), "box: 1 of 4 entries is not finite"),
        (lambda f: phase_portrait(f, trajectories=np.zeros((2, 3, 1))), "trajectories: expected"),
        (lambda f: attractor_of(f, [[1.0]], find_attractors(f)), "states: expected"),
        (lambda f: plot_portrait(phase_portrait(problems.cusp())), "plot_flow draws a line"),
    ],
)
def test_bad_input_is_refused(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call(problems.van_der_pol())


def test_nothing_found_is_drawn_too():
    """FAULTS 41: constant drift has no fixed point."""
    x, y = sympy.symbols("x y")
    portrait = phase_portrait(problems.field([1 + 0 * x, 0.5 + 0 * y], "x y"), box=SQUARE)
    assert len(portrait.fixed_points) == 0 and portrait.basins is None
    assert plot_portrait(portrait, new_figure()[1]).get_legend() is None
    assert plot_portraits([])[1] == []


def test_a_portrait_without_detail_has_the_flow_and_the_fixed_points():
    for field, box in (
        (problems.duffing(), SQUARE),
        (problems.lorenz(10.0), np.array([[-15.0, 15.0]] * 3)),
    ):
        quick, whole = phase_portrait(field, box=box, detail=False), phase_portrait(field, box=box)
        kinds = [point.kind for point in whole.fixed_points]
        assert [point.kind for point in quick.fixed_points] == kinds and len(whole.manifolds)
        assert quick.manifolds == () == quick.cycles and quick.basins is None and len(quick.streamlines) > 20
        assert len(quick.nullclines) == len(whole.nullclines)
