"""Isolas between the sampled values: closed curves far narrower than a ninth of the span, by closed forms."""

import numpy as np
import pytest

from dynsys.analysis import bifurcation_diagram, compile_field
from dynsys.symbolic import System
from tasks import Status


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
