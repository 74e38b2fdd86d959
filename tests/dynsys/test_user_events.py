"""A user's own events: found once each, and never silent where the function is no good."""

import os
import signal

import numpy as np
import problems
import pytest

from dynsys.analysis import compile_field, continue_branch
from dynsys.symbolic import System
from tasks import InputError, Status

FIELD = compile_field(System.from_text("x' = p - x; p = 0"))


def followed(function):
    return continue_branch(FIELD, [0.0], "p", (-1, 1), events={"mine": function})


def values(branch):
    return [point.value for point in branch.special_points if point.kind == "event"]


@pytest.mark.parametrize("undefined", [np.nan, np.inf])
def test_where_a_function_is_not_finite_the_message_says_so(undefined):
    """Zeros at x = -0.5 and 0.5; undefined beyond x = 0.2: the second cannot be seen."""
    branch = followed(lambda kappa, value, z: undefined if kappa[0] > 0.2 else kappa[0] ** 2 - 0.25)
    np.testing.assert_allclose(values(branch), [-0.5], atol=1e-12)
    assert "Event mine is not finite at" in branch.message and "of" in branch.message


def test_a_function_that_fails_is_named_with_its_error():
    with pytest.raises(InputError, match=r"events\[mine\]: the function fails at p = .*IndexError") as caught:
        followed(lambda kappa, value, z: kappa[3])
    assert isinstance(caught.value.__cause__, IndexError)
    with pytest.raises(InputError, match="ZeroDivisionError"):
        followed(lambda kappa, value, z: 1 // 0)


@pytest.mark.parametrize("wrong, got", [
    (lambda kappa, value, z: kappa, "shape"), (lambda kappa, value, z: None, "NoneType"),
    (lambda kappa, value, z: 1j, "complex"), (lambda kappa, value, z: "0", "str"),
    (lambda kappa, value, z: kappa[0] > 0, "truth value"), (lambda kappa, value, z: np.array([1.0]), "shape"),
])  # fmt: skip
def test_what_is_no_number_is_refused(wrong, got):
    with pytest.raises(InputError, match=rf"events\[mine\]: the function must return .*{got}"):
        followed(wrong)


@pytest.mark.parametrize("function", [
    lambda kappa, value, z: 1.0 / (kappa[0] - 0.3), lambda kappa, value, z: np.sign(kappa[0] - 0.3),
])  # fmt: skip
def test_poles_and_jumps_are_no_events_but_are_told(function):
    branch = followed(function)
    assert values(branch) == [] and "changes its sign without a zero" in branch.message
    assert "1 time, first beside p = 0." in branch.message


def test_zeros_exactly_on_points_of_the_branch_are_found_once():
    """The branch's own ends and start."""
    for place in (-1.0, 0.0, 1.0):
        np.testing.assert_allclose(values(followed(lambda k, v, z, p=place: v - p)), [place], atol=1e-12)
    np.testing.assert_allclose(values(followed(lambda k, v, z: k[0])), [0.0], atol=1e-12)


def test_a_function_that_is_zero_everywhere_has_no_events():
    branch = followed(lambda kappa, value, z: kappa[0] - value)
    assert values(branch) == [] and "Event mine is zero all along." in branch.message


def test_events_of_ones_own():
    """On kappa = (mu + ..) of the cusp: x = 1/2 where mu = x^3 - x, z = 2 x = -1, and mu = x^2."""
    events = {"x": 0.5, "z": -1.0, "parabola": lambda x, mu, z: mu - x[0] ** 2}
    branch = continue_branch(problems.cusp(-1.0), [-1.3], "mu", (-1, 1), events=events)
    found = {p.sentence.split(" at ")[0]: p for p in branch.special_points if p.kind == "event"}
    at = found["Event x = 0.5"]
    np.testing.assert_allclose([at.value, at.kappa[0]], [0.5**3 - 0.5, 0.5], atol=1e-13)
    at = found["Event z = -1"]
    np.testing.assert_allclose([at.value, at.kappa[0]], [0.5 - 0.5**3, -0.5], atol=1e-13)
    parabola = [p for p in branch.special_points if "parabola" in p.sentence]
    roots = [0.0, (1 - np.sqrt(5)) / 2]  # x^3 - x = x^2 with mu <= 1
    np.testing.assert_allclose(sorted(p.kappa[0] for p in parabola), sorted(roots), atol=1e-12)
    assert [p.kind for p in branch.special_points if p.kind == "fold"] == ["fold", "fold"]
    with pytest.raises(InputError, match="no coordinate or output"):
        continue_branch(problems.cusp(-1.0), [-1.3], "mu", (-1, 1), events={"y": 0.5})


def test_ctrl_c_keeps_the_branch():
    """It comes while a user's function runs: the branch is there, and says so."""
    calls = []

    def event(x, mu, z):
        if not calls:
            os.kill(os.getpid(), signal.SIGINT)
        calls.append(mu)
        return mu

    branch = continue_branch(problems.cusp(-1.0), [-1.3], "mu", (-1, 1), events={"zero": event})
    assert branch.status is Status.INTERRUPTED and len(branch) > 20 and "interrupted" in branch.message
    assert [p.kind for p in branch.special_points if p.kind == "fold"] == ["fold", "fold"]
