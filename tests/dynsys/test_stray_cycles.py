"""Cycles of diagrams that begin at no Hopf point: on circles, whose periods and folds are known."""

import numpy as np
import pytest

from dynsys.analysis import bifurcation_diagram, compile_field, find_cycles
from dynsys.symbolic import System
from tasks import InputError, Status


def rings(radial, turn="1"):
    """r' = r radial(r^2), theta' = turn."""
    radial = radial.replace("s", "(x^2 + y^2)")
    text = f"x' = x ({radial}) - y ({turn}); y' = y ({radial}) + x ({turn}); p = 0"
    return compile_field(System.from_text(text))


def test_cycles_born_in_a_saddle_node_on_a_circle():
    """r = 1, theta' = p - cos theta: at p > 1 a cycle of the period 2 pi / sqrt(p^2 - 1)."""
    diagram = bifurcation_diagram(rings("1 - s", "p - x"), "p", (0, 2))
    assert not any(point.kind == "Hopf" for point in diagram.special_points)
    (family,) = diagram.cycles
    assert Status.NEAR_HOMOCLINIC in family.ends and family.stable.all()
    np.testing.assert_allclose(family.periods, 2 * np.pi / np.sqrt(family.values**2 - 1), rtol=1e-4)
    np.testing.assert_allclose(family.high, 1, atol=1e-3)
    assert "cycles: 1 family, from Hopf points and what 24 starts settle on" in diagram.message


def test_cycles_born_in_a_fold_of_cycles():
    """r^2 = 1 -+ sqrt(p): a stable and an unstable cycle from p = 0 on, no Hopf point below p = 1."""
    diagram = bifurcation_diagram(rings("p - (s - 1)^2"), "p", (-0.5, 0.5))
    assert diagram.special_points == ()
    (family,) = diagram.cycles
    (fold,) = family.special_points
    assert fold.kind == "fold of cycles" and abs(fold.value) < 1e-9
    radii = sorted(np.ptp(cycle.points[:, 0]) / 2 for cycle in family.at(0.25))
    np.testing.assert_allclose(radii, [0.5**0.5, 1.5**0.5], atol=5e-3)


def test_an_isola_of_cycles_and_a_family_of_a_hopf_point_are_each_there_once():
    """(r^2 - 1)^2 + p^2 = 0.05 is a closed curve of cycles; another family has r^2 = p - 0.1."""
    both = "-1 (0.05 - p^2 - (s - 1)^2) (p - 0.1 - s)"
    families = bifurcation_diagram(rings(both), "p", (-0.5, 0.5), cycles="all").cycles
    assert len(families) == 2
    hopf, loop = sorted(families, key=lambda family: Status.CLOSED_LOOP in family.ends)
    assert [point.kind for point in loop.special_points] == ["fold of cycles"] * 2
    np.testing.assert_allclose(np.abs([point.value for point in loop.special_points]), 0.05**0.5, atol=1e-8)
    np.testing.assert_allclose(hopf.high[:, 0] ** 2, hopf.values - 0.1, atol=1e-6)


def test_known_cycles_are_not_found_again():
    field = rings("p - (s - 1)^2").with_values(p=0.25)
    both = sorted(find_cycles(field), key=lambda cycle: cycle.kind)
    assert [cycle.kind for cycle in both] == ["stable cycle", "unstable cycle"]
    (other,) = find_cycles(field, known=both[:1])
    assert other.kind == both[1].kind and len(find_cycles(field, known=tuple(both))) == 0


def test_what_cycles_may_be():
    with pytest.raises(InputError, match="cycles"):
        bifurcation_diagram(rings("p - s"), "p", (-0.5, 0.5), cycles="some")
