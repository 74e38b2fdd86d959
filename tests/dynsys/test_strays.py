"""Isolas between the sampled values: closed curves far narrower than a ninth of the span, by closed forms."""

import numpy as np
import problems
import pytest

import dynsys.analysis.diagram as diagram_module
from dynsys.analysis import bifurcation_diagram, compile_field, reduced_field
from dynsys.symbolic import System, mean_field
from rnn import LowRankRNN
from tasks import InputError, Status


def isola(text):
    return compile_field(System.from_text(text))


@pytest.mark.parametrize("width", [0.05, 0.02, 0.005, 0.001])
def test_an_isola_beside_a_main_branch(width):
    """x = 2, and the ellipse x^2 + (p - 0.4)^2 / (2 width)^2 = 1/4 with folds at 0.4 -+ width."""
    field = isola(f"x' = -(x - 2) (x^2 + (p - 0.4)^2 / {2 * width}^2 - 0.25); p = 0")
    diagram = bifurcation_diagram(field, "p", (-1, 1))
    main, loop = diagram.branches
    assert loop.status is Status.CLOSED_LOOP and len(main.special_points) == 0
    folds = [point.value for point in diagram.special_points]
    np.testing.assert_allclose(folds, [0.4 - width, 0.4 + width], atol=1e-10)
    at = np.sort(diagram.at(0.4 + 0.6 * width)[:, 0])
    np.testing.assert_allclose(at, [-0.4, 0.4, 2.0], atol=1e-4)
    assert diagram.complete and "1 branch found by these alone" in diagram.message


def test_isolas_in_the_plane():
    """Two ellipses in x, with y = x / 3 - p: neither the span's samples nor the main branch know of them."""
    text = (
        "x' = -(x - 2) (x^2 + (p - 0.4)^2 / 0.02^2 - 0.25) ((x + 2)^2 + (p + 0.55)^2 / 0.04^2 - 0.25); p = 0"
    )
    diagram = bifurcation_diagram(isola(f"{text}; y' = x / 3 - p - y"), "p", (-1, 1), cycles=False)
    assert len(diagram.branches) == 3
    folds = [point.value for point in diagram.special_points if point.kind == "fold"]
    np.testing.assert_allclose(folds, [-0.57, -0.53, 0.39, 0.41], atol=1e-10)
    for point in diagram.special_points:
        np.testing.assert_allclose(point.kappa[1], point.kappa[0] / 3 - point.value, atol=1e-9)


def test_starts_between_the_samples_double_no_branch():
    """Branches that come close to each other and bend sharply: each is there once."""
    diagram = bifurcation_diagram(isola("x' = p + 0.001 x - x^3; y' = x - y; p = 0"), "p", (-1, 1))
    assert len(diagram.branches) == 1
    near = bifurcation_diagram(isola("x' = (x - 1e-4) (p - 0.3 - x^2) (x + 1e-4); p = 0"), "p", (-1, 1))
    assert len(near.branches) == 3 and near.complete


ELLIPSE = "x' = -(x - 2) (x^2 + (p - 0.4)^2 / 0.01^2 - 0.25); p = 0"


def test_a_diagram_is_proved_complete_but_for_its_folds():
    """Folds at 0.4 -+ 0.005; three fixed points between, one elsewhere."""
    diagram = bifurcation_diagram(isola(ELLIPSE), "p", (-1, 1), certify=True)
    assert diagram.complete and "proved: no other fixed points in [" in diagram.message
    assert "around 2 special points" in diagram.message and "decided" not in diagram.message
    low, high = diagram.proof[0].low, diagram.proof[-1].high
    assert (low, high) == (-1, 1)
    for one, two in zip(diagram.proof[:-1], diagram.proof[1:]):
        assert one.high == two.low
    for stretch in diagram.proof:
        inside = 0.395 < stretch.low and stretch.high < 0.405
        holds_fold = any(stretch.low <= fold <= stretch.high for fold in (0.395, 0.405))
        assert stretch.proved in ((-1,) if holds_fold else (-1, 3) if inside else (-1, 1))
    assert sum(s.high - s.low for s in diagram.proof if s.proved < 0) < 0.01


def test_what_a_proof_finds_is_followed(monkeypatch):
    """Without starts between the samples the isola is missed; the proof knows of it."""
    monkeypatch.setattr(diagram_module, "add_strays", lambda *arguments: (0, 0))
    assert len(bifurcation_diagram(isola(ELLIPSE), "p", (-1, 1)).branches) == 1
    diagram = bifurcation_diagram(isola(ELLIPSE), "p", (-1, 1), certify=True)
    assert len(diagram.branches) == 2 and diagram.complete


def test_proofs_of_mean_fields_and_networks():
    plane = compile_field(mean_field(problems.rank_two_populations(np.diag([2.0, 1.5]))))
    diagram = bifurcation_diagram(plane, "gain", (0, 2), cycles=False, certify=True)
    assert diagram.complete and {stretch.proved for stretch in diagram.proof} == {-1, 1, 3, 5}
    assert "proved: no other fixed points for gain from 0 to 2, but for" in diagram.message
    one = np.ones(4)
    network = bifurcation_diagram(
        reduced_field(LowRankRNN(one, one, 0 * one, one)), "gain", (0, 2), certify=True
    )
    assert "proved: no other fixed points at 64 of 65 values of gain" in network.message and network.complete


def test_a_field_without_intervals_cannot_be_proved():
    with pytest.raises(InputError, match="certify"):
        bifurcation_diagram(problems.cusp(), "mu", (-1, 1), certify=True)


def test_large_coefficients_of_narrow_isolas_are_no_reason_to_give_up():
    """Where F is known to 1e-7 only, by rounding, its fixed points are followed all the same."""
    main = "(x + 1.4315 - 0.2874 p - 0.0139 p^2) (x + 0.6765 - 0.1157 p - 0.3655 p^2)"
    main += " (x - 1.2042 + 0.1549 p - 0.1161 p^2)"
    left = "((x + 1.28222)^2 / 0.0035468949 + (p - 0.56459)^2 / 0.000378275462 - 1)"
    right = "((x - 1.906223)^2 / 0.0721029149 + (p + 0.16428)^2 / 0.000026384179 - 1)"
    diagram = bifurcation_diagram(isola(f"x' = -{main} {left} {right}; p = 0"), "p", (-1, 1))
    assert diagram.status is Status.COMPLETED and diagram.complete
    folds = [point.value for point in diagram.special_points if point.kind == "fold"]
    reach = np.array([0.000378275462, 0.000026384179]) ** 0.5
    middle = np.array([0.56459, -0.16428])
    np.testing.assert_allclose(folds, np.sort([*(middle - reach), *(middle + reach)]), atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_diagrams_of_products_have_as_many_states_as_their_factors(seed):
    """Parabolas in p and ellipses, some narrower than 1/100 of the span, whose states are known."""
    rng = np.random.default_rng(seed)
    text, lines, loops = "-1", [], []
    for k in range(rng.integers(1, 4)):
        a, b, c = np.round([rng.uniform(-0.8, 0.8) + 2 * (k - 1), *rng.normal(size=2) * [0.3, 0.2]], 4)
        lines.append((a, b, c))
        text += f" (x - ({a}) - ({b}) p - ({c}) p^2)"
    for _ in range(rng.integers(1, 3)):
        x, p, tall = np.round([rng.uniform(-3, 3), rng.uniform(-0.9, 0.9), rng.uniform(0.02, 0.5)], 4)
        wide = round(10 ** rng.uniform(-2.5, -0.7), 5)
        loops.append((x, p, tall, wide))
        text += f" ((x - ({x}))^2 / {tall}^2 + (p - ({p}))^2 / {wide}^2 - 1)"
    diagram = bifurcation_diagram(isola(f"x' = {text}; p = 0"), "p", (-1, 1))
    assert diagram.status is Status.COMPLETED and diagram.complete
    for value in [*np.linspace(-0.99, 0.99, 100), *(p + 0.6 * wide for _, p, _, wide in loops)]:
        shares = [1 - ((value - p) / wide) ** 2 for _, p, _, wide in loops]
        states = [a + b * value + c * value**2 for a, b, c in lines]
        for (x, _, tall, _), share in zip(loops, shares):
            states += [x - tall * share**0.5, x + tall * share**0.5] if share > 0 else []
        apart = np.diff(np.sort(states)).min() if len(states) > 1 else 1.0
        if abs(value) < 1 and apart > 5e-3 and np.abs(shares).min() > 0.1:
            assert len(diagram.at(value)) == len(states)
