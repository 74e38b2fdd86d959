"""Bogdanov-Takens points exactly on a branch in one parameter: one eigenvector, no division by it."""

import warnings

import numpy as np
import pytest

from dynsys.analysis import bifurcation_diagram, compile_field, continue_branch
from dynsys.analysis.maps import as_map
from dynsys.symbolic import System
from tasks import Status

FOLD = "x' = y; y' = p + x^2 + p y + x y; p = -0.5"
CROSSING = "x' = y; y' = p x + p y - x^2 + x y; p = -0.5"
PITCHFORK = "x' = y; y' = p x + p y - x^3 - x^2 y; p = -0.5"
THREE = "x' = y; y' = z; z' = -p + x^2 + p y - z; p = 0.5"


@pytest.mark.parametrize("text", [FOLD, CROSSING, PITCHFORK, THREE])
def test_a_double_zero_is_named_without_a_warning(text):
    field = compile_field(System.from_text(text))
    start = np.zeros(field.dimension)
    start[0] = 0.0 if text in (CROSSING, PITCHFORK) else 0.5**0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        branch = continue_branch(field, start, "p", (-0.9, 0.9))
    (point,) = branch.special_points
    assert point.kind == "Bogdanov-Takens" and "one eigenvector" in point.sentence
    np.testing.assert_allclose([point.value, *point.kappa], 0.0, atol=1e-9)
    assert branch.status is Status.REACHED_SPAN  # x + y is zero on a line: no reason to call p dead
    assert ("cross" in point.sentence) == (text in (CROSSING, PITCHFORK))


@pytest.mark.parametrize("text, directions", [
    (CROSSING, [[0, 0, 1], [0.5**0.5, 0, 0.5**0.5]]), (PITCHFORK, [[0, 0, 1], [1, 0, 0]]),
])  # fmt: skip
def test_branches_that_cross_in_a_double_zero_are_followed(text, directions):
    """x = 0 crosses x = p, and p = x^2."""
    diagram = bifurcation_diagram(compile_field(System.from_text(text)), "p", (-0.9, 0.9), cycles=False)
    (point,) = (point for point in diagram.special_points if point.kind == "Bogdanov-Takens")
    along = np.array(directions) @ point.directions.T
    np.testing.assert_allclose(np.sort(np.abs(along).max(axis=1)), 1.0, atol=1e-9)
    assert len(diagram.branches) == 2
    assert len(diagram.at(0.3)) == (2 if text == CROSSING else 3)


def test_two_eigenvectors_are_no_double_zero_of_this_kind():
    text = "x' = p x - x^3; y' = p y - y^3; p = -0.5"
    (point,) = continue_branch(compile_field(System.from_text(text)), [0, 0], "p", (-0.9, 0.9)).special_points
    assert point.kind == "branch point" and point.coefficients["multiplicity"] == 2


def test_of_a_map_it_is_a_resonance():
    field = as_map(compile_field(System.from_text(FOLD)), 1.0)
    kinds = [p.kind for p in continue_branch(field, [0.5**0.5, 0], "p", (-0.6, 0.1)).special_points]
    assert "1:1 resonance" in kinds and "Bogdanov-Takens" not in kinds
