"""Maps: stability, flips and Neimark-Sacker points against known maps and against iteration."""

import numpy as np
import pytest
from reference import iterate

from dynsys.analysis import (
    bifurcation_diagram,
    bifurcation_sensitivity,
    compile_field,
    continue_branch,
    find_cycles,
    find_fixed_points,
    fixed_point_sensitivity,
    phase_portrait,
    reduced_field,
)
from dynsys.analysis.maps import as_map
from dynsys.plotting import plot_bifurcation
from dynsys.plotting.style import new_figure
from dynsys.symbolic import System
from rnn import LowRankRNN
from tasks import InputError


def typed(text, step=1.0):
    return as_map(compile_field(System.from_text(text)), step)


@pytest.fixture(scope="module")
def logistic():
    return typed("x' = r x (1 - x) - x; r = 2")


@pytest.fixture(scope="module")
def logistic_diagram(logistic):
    return bifurcation_diagram(logistic, "r", (0.5, 3.6))


def test_flip_of_the_logistic_map(logistic_diagram):
    """r = 3, x = 2/3, b = (f''/2)^2 + f'''/6 = 9; the orbit of period 2 flips at r = 1 + sqrt(6)."""
    exchange, first, second = logistic_diagram.special_points
    assert (exchange.kind, exchange.value) == ("transcritical", pytest.approx(1.0, abs=1e-12))
    assert [first.kind, second.kind] == ["flip", "flip"]
    np.testing.assert_allclose([first.value, *first.kappa], [3.0, 2 / 3], atol=1e-12)
    assert first.coefficients["b"] == pytest.approx(9.0, abs=1e-9)
    assert first.coefficients["speed"] == pytest.approx(-1.0, abs=1e-10)
    assert "stable orbit of period 2 exists for r above it" in first.sentence
    assert second.value == pytest.approx(1 + np.sqrt(6), abs=1e-10)
    assert second.coefficients["b"] > 0 and "stable orbit of period 4" in second.sentence
    assert "of a map" in repr(logistic_diagram) and logistic_diagram.complete


def test_orbits_of_period_two_of_the_logistic_map(logistic, logistic_diagram):
    """x = (r + 1 -+ sqrt((r - 3)(r + 1))) / (2 r), multiplier 4 + 2 r - r^2."""
    halves = logistic_diagram.branches[2:]
    assert len(halves) == 2
    for r in (3.05, 3.3, 3.55):
        known = (r + 1 + np.array([-1, 1]) * np.sqrt((r - 3) * (r + 1))) / (2 * r)
        np.testing.assert_allclose(sorted(half.at(r)[0, 0] for half in halves), known, atol=1e-4)
    for half in halves:
        r = half.values
        np.testing.assert_allclose(half.eigenvalues[:, 0], 4 + 2 * r - r * r, atol=1e-8)
        multiplier = 4 + 2 * r - r * r
        sure = np.abs(np.abs(multiplier) - 1) > 1e-9  # not the flips at both ends of stability
        np.testing.assert_array_equal(half.stable[sure], np.abs(multiplier[sure]) < 1)
    names = [(a.low, a.high) for a in logistic_diagram.attractors]
    assert len(names) == 3 and abs(names[-1][1] - (1 + np.sqrt(6))) < 1e-9
    x = iterate(logistic.with_values(r=3.3), np.array([0.3]), 2000)
    assert min(abs(x[0] - half.at(3.3)[0, 0]) for half in halves) < 1e-4
    labels = plot_bifurcation(logistic_diagram, ax=new_figure()[1]).get_legend_handles_labels()[1]
    assert {"stable", "unstable", "flip", "stable orbit of period 2", "unstable orbit of period 2"} <= set(
        labels
    )


def test_second_iterate_has_the_coefficient_of_its_own_formula(logistic_diagram):
    """b of f(f(x)) at the flip of period 2, from its derivatives along a line of complex steps."""
    point = logistic_diagram.special_points[-1]
    r, x = point.value, point.kappa[0]
    radius, count = 0.05, 64
    turns = np.exp(2j * np.pi * np.arange(count) / count)
    once = r * (x + radius * turns) * (1 - x - radius * turns)
    series = np.fft.fft(r * once * (1 - once)) / count / radius ** np.arange(count)
    assert series[1].real == pytest.approx(-1.0, abs=1e-9)
    assert point.coefficients["b"] == pytest.approx(series[2].real ** 2 + series[3].real, rel=1e-8)


def test_orbits_that_join_two_flips_are_found_once():
    """x -> -(1.2 - p^2) x + x^3 / 3: flips at p^2 = 0.2, orbits (a, -a) with a^2 = 3 (0.2 - p^2)."""
    bubble = typed("x' = -(1.2 - p^2) x + x^3/3 - x; p = 0")
    diagram = bifurcation_diagram(bubble, "p", (-0.6, 0.6))
    flips = [point for point in diagram.special_points if point.kind == "flip"]
    np.testing.assert_allclose([point.value for point in flips], np.sqrt(0.2) * np.array([-1, 1]), atol=1e-11)
    np.testing.assert_allclose([point.coefficients["b"] for point in flips], 1 / 3, atol=1e-9)
    orbits = [branch for branch in diagram.branches if branch.source.get("period") == 2]
    assert len(orbits) == 2
    for branch in orbits:
        np.testing.assert_allclose(branch.kappa[:, 0] ** 2, 3 * (0.2 - branch.values**2), atol=1e-9)
        assert branch.values.min() == pytest.approx(-np.sqrt(0.2)) and branch.stable[2:-2].all()


def test_folds_and_branch_points_of_orbits_of_period_two_are_marked():
    """x -> -(1 + p) x - x^3 + x^5: orbits (a, -a), p = a^4 - a^2, fold at 1/2^(1/2), crossing at 1."""
    twofold = typed("x' = -(1 + p) x - x^3 + x^5 - x; p = -0.5")
    diagram = bifurcation_diagram(twofold, "p", (-0.5, 0.3))
    values = {point.kind: (point.value, abs(point.kappa[0])) for point in diagram.special_points}
    assert values["fold"] == pytest.approx((-0.25, 0.5**0.5), abs=1e-9)
    assert values["pitchfork"] == pytest.approx((0.0, 1.0), abs=1e-9) and "flip" in values
    (fold,) = [point for point in diagram.special_points if point.kind == "fold"]
    assert fold.sentence == "Fold of orbits of period 2 at p = -0.25."
    orbit = next(branch for branch in diagram.branches if branch.source.get("point") == 1)
    stable = np.abs(orbit.kappa[:, 0]) ** 2  # (df/dx)^2 = (-(1 + p) - 3 a^2 + 5 a^4)^2 < 1: 1/2 < a^2 < 1
    sure = np.minimum(np.abs(stable - 0.5), np.abs(stable - 1)) > 1e-3
    slope = 1 + (stable**2 - stable) + 3 * stable - 5 * stable**2
    np.testing.assert_array_equal(orbit.stable[sure], (np.abs(slope) < 1)[sure])
    said = "orbits of period 2 from flips: 1, with 2 special points, 1 at which others cross that are not"
    assert said in diagram.message


@pytest.mark.slow
def test_henon_map():
    """b = 0.3: fold at -(1 - b)^2 / 4; flips 3 (1 - b)^2 / 4 and (period 2) (1 - b)^2 + (1 + b)^2 / 4."""
    henon = typed("x' = 1 - a x^2 + y - x; y' = b x - y; a = 0.2; b = 0.3")
    diagram = bifurcation_diagram(henon, "a", (-0.5, 1.2))
    assert [p.kind for p in diagram.special_points] == ["fold", "flip", "flip"]
    np.testing.assert_allclose(
        [p.value for p in diagram.special_points], [-0.1225, 0.3675, 0.9125], atol=1e-10
    )
    orbits = [branch for branch in diagram.branches if branch.source.get("period") == 2]
    a = orbits[0].values  # the product of the multipliers is b^2
    np.testing.assert_allclose(np.prod(orbits[0].eigenvalues, axis=1), 0.09, atol=1e-9)
    np.testing.assert_array_equal(orbits[0].stable[1:], a[1:] < 0.9125 - 1e-9)


@pytest.mark.parametrize("order", [3, 4])
def test_strong_resonances_are_named(order):
    """A rotation by a third or a quarter of a turn: the coefficient alone decides nothing."""
    c, s = (round(float(f(2 * np.pi / order)), 15) for f in (np.cos, np.sin))
    text = (
        f"x' = (1 + r) ({c} x - {s} y) - x (x^2 + y^2) - x; y' = (1 + r) ({s} x + {c} y) - y (x^2 + y^2) - y"
    )
    (point,) = continue_branch(typed(f"{text}; r = -0.1"), [0, 0], "r", (-0.3, 0.3)).special_points
    assert f"strong resonance 1:{order}" in point.sentence and "at r = 0:" in point.sentence


def test_subcritical_flip():
    """x -> -(1 + p) x - x^3: b = -1, an unstable orbit for p below 0."""
    field = typed("x' = -(1 + p) x - x^3 - x; p = 0.1")
    (point,) = continue_branch(field, [0.0], "p", (-0.5, 0.5)).special_points
    assert point.kind == "flip" and point.coefficients["b"] == pytest.approx(-1.0)
    assert "Subcritical" in point.sentence
    assert "unstable orbit of period 2 exists for p below" in point.sentence


def test_neimark_sacker_point_of_the_delayed_logistic_map():
    """r = 2, theta = pi / 3 (Kuznetsov 2004, example 4.2: -2 with |q|^2 = 2); the radius by iteration."""
    delayed = typed("x' = r x (1 - y) - x; y' = x - y; r = 1.5")
    (point,) = continue_branch(delayed, [1 / 3, 1 / 3], "r", (1.2, 2.2)).special_points
    assert point.kind == "Neimark-Sacker"
    np.testing.assert_allclose([point.value, *point.kappa], [2.0, 0.5, 0.5], atol=1e-11)
    assert point.coefficients["theta"] == pytest.approx(np.pi / 3, abs=1e-11)
    assert point.coefficients["d"].real == pytest.approx(-1.0, abs=1e-9)
    assert "one turn in 6 steps; a stable closed curve exists for r above it" in point.sentence
    # |z|^2 = -speed (r - 2) / Re d, and x = x* + 2 Re(z q): var x = 2 |z|^2 |q_1|^2 = |z|^2.
    at, r = [], 2.002
    state = iterate(delayed.with_values(r=r), np.array([0.52, 0.5]), 4000)
    for _ in range(3000):
        state = iterate(delayed.with_values(r=r), state, 1)
        at.append(state[0])
    assert np.var(at) == pytest.approx(-point.coefficients["speed"] * 0.002 / -1.0, rel=0.03)


HOPF = "x' = r x - w y - (x^2 + y^2) x; y' = w x + r y - (x^2 + y^2) y; r = -0.5; w = 1"


@pytest.mark.parametrize("step", [0.05, 0.2, 1.0])
def test_euler_map_of_a_hopf_system(step):
    """|1 + step (r + i w)| = 1: r = (sqrt(1 - step^2 w^2) - 1) / step, before the flow's at r = 0."""
    if step < 1:
        field = typed(HOPF, step)
        (point,) = continue_branch(field, [0.0, 0.0], "r", (-1, 0.5)).special_points
        r = (np.sqrt(1 - step**2) - 1) / step
        theta = np.arctan2(step, 1 + step * r)
        assert point.kind == "Neimark-Sacker" and point.value == pytest.approx(r, abs=1e-10)
        assert point.coefficients["theta"] == pytest.approx(theta, abs=1e-10)
        # z' = mu z - step |z|^2 z in q of unit length: |x|^2 + |y|^2 = 2 |z|^2.
        mu = 1 + step * (r + 1j)
        assert point.coefficients["d"] == pytest.approx(-2 * step / mu, abs=1e-9)
        (origin,) = (p for p in find_fixed_points(field.with_values(r=r / 2)) if np.abs(p.kappa).max() < 1e-9)
        assert (
            origin.kind == "unstable focus" and origin.unstable_directions == 2
        )  # though a sink of the flow
    else:  # with w = 1 the first step never shrinks: no such point, unstable all along
        branch = continue_branch(typed(HOPF, step), [0.0, 0.0], "r", (-1.5, -0.5))
        assert not branch.stable[np.abs(branch.values + 1) > 1e-3].any()


def test_linear_maps_by_their_multipliers():
    """x' = -a x: the flow is always stable, the map up to step a = 2; each direction flips in its turn."""
    field = typed("x' = -a x; y' = -2 a y; a = 0.5", 0.5)
    branch = continue_branch(field, [0.0, 0.0], "a", (0.1, 5.0))
    assert [(p.kind, round(p.value, 9)) for p in branch.special_points if p.kind != "neutral saddle"] == [
        ("flip", 2.0), ("flip", 4.0)
    ]  # fmt: skip
    assert all("Degenerate" in p.sentence for p in branch.special_points if p.kind == "flip")
    a = branch.values
    np.testing.assert_array_equal(branch.stable, np.maximum(np.abs(1 - a / 2), np.abs(1 - a)) < 1 - 1e-7)
    np.testing.assert_allclose(np.sort(branch.eigenvalues.real), np.sort(np.column_stack([1 - a / 2, 1 - a])))


def test_folds_are_those_of_the_flow_with_the_maps_coefficients():
    """F_x = 0 is mu = 1; the coefficient a is step times that of F."""
    text = "x' = mu + x - x^3; mu = 0"
    flow = compile_field(System.from_text(text))
    for step in (0.1, 0.9):
        ours = continue_branch(as_map(flow, step), [1.0], "mu", (-1, 1)).special_points
        theirs = continue_branch(flow, [1.0], "mu", (-1, 1)).special_points
        folds = [p for p in ours if p.kind == "fold"]
        np.testing.assert_allclose([p.value for p in folds], [p.value for p in theirs], atol=1e-12)
        np.testing.assert_allclose(
            [p.coefficients["a"] for p in folds], [step * p.coefficients["a"] for p in theirs]
        )
    # With step 0.9 the sinks flip where 1 + 0.9 (1 - 3 x^2) = -1.
    flips = [p.kappa[0] ** 2 for p in ours if p.kind == "flip"]
    np.testing.assert_allclose(flips, (1 + 2 / 0.9) / 3, atol=1e-10)


def test_error_bars_of_flips_and_neimark_sacker_points():
    """Against differences of the place where they are found again."""
    cases = (
        ("x' = c - r x - d x^3 - x; r = 0.5; c = 0.1; d = 0.2", 1.0, "r", (0.2, 3.0), [0.05], "flip"),
        (
            HOPF.replace("x' = ", "x' = c + ") + "; c = 0.05",
            0.2,
            "r",
            (-0.6, 0.3),
            [0.05, 0.05],
            "Neimark-Sacker",
        ),
    )
    for text, step, name, span, start, kind in cases:
        field = typed(text, step)

        def place(field, name=name, span=span, start=start, kind=kind):
            points = continue_branch(field, start, name, span).special_points
            return next(point for point in points if point.kind == kind)

        point = place(field)
        found = bifurcation_sensitivity(field, point, errors={"c": 0.01})
        for k, other in enumerate(found.names):
            if other == name:
                continue
            h, value = 1e-5, field.parameter_values[other]
            ends = [place(field.with_values(**{other: value + side * h})).value for side in (-1, 1)]
            assert found.derivatives[k] == pytest.approx((ends[1] - ends[0]) / (2 * h), rel=1e-5, abs=1e-7)
        assert found.error == pytest.approx(0.01 * abs(found.derivatives[found.names.index("c")]))


def test_multipliers_move_by_step_times_what_eigenvalues_do(logistic):
    moved = fixed_point_sensitivity(logistic, [0.5])
    np.testing.assert_allclose(moved.eigenvalues, [[-1.0]], atol=1e-12)  # mu = 2 - r


def test_what_is_no_map_is_refused(logistic):
    bare = compile_field(System.from_text("x' = -x; y' = -y + r; r = 1; s = 1"))
    with pytest.raises(InputError, match="no Euler step"):
        as_map(bare)
    for bad in (0.0, -0.1, np.nan):
        with pytest.raises(InputError, match="step"):
            as_map(bare, bad)
    plane = as_map(bare, 0.5)
    for flows in (phase_portrait, find_cycles):
        with pytest.raises(InputError, match="map"):
            flows(plane)


@pytest.mark.parametrize("seed", range(4))
def test_no_event_is_lost_where_multipliers_leave_the_unit_circle(seed):
    """Rank-three networks in steps of 1: every multiplier that leaves the circle, by brute force."""
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(40, 3))
    n = 2 * rng.normal(size=(40, 3)) + m @ rng.normal(size=(3, 3)) * 1.5
    field = as_map(reduced_field(LowRankRNN(m, n, rng.normal(size=40), m[:, 0])), 1.0)
    branch = continue_branch(field.with_values(gain=0.05), np.zeros(3), "gain", (0.02, 2.5))
    gains = np.linspace(0.02, 2.5, 3000)
    jacobian = (field.with_values(gain=1.0).jacobian(np.zeros(3)) + np.eye(3))[None] * gains[:, None, None]
    outside = (np.abs(np.linalg.eigvals(jacobian)) > 1).sum(axis=1)  # M = gain J
    where = np.flatnonzero(np.diff(outside))
    events = [point for point in branch.special_points if point.kind != "neutral saddle"]
    assert len(events) == len(where) > 0
    for point, k in zip(events, where):
        assert gains[k] <= point.value <= gains[k + 1]
        crossed = abs(outside[k + 1] - outside[k])
        kinds = ("Neimark-Sacker",) if crossed == 2 else ("flip", "pitchfork")
        assert point.kind in kinds


def test_proofs_hold_for_maps_too(logistic):
    """The points are those of the flow, proved; their kinds are those of the map."""
    found = find_fixed_points(logistic.with_values(r=3.2), box=[[-0.5, 1.5]], certify=True)
    assert [p.kind for p in found] == ["unstable node", "unstable node"]
    assert found.certificate.complete
    np.testing.assert_allclose([p.eigenvalues[0].real for p in found], [3.2, -1.2], atol=1e-12)
    assert "multipliers" in repr(found) and "multipliers" in found._repr_html_()
