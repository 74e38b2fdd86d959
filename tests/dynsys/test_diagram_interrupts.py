"""Ctrl-C in the middle of a diagram: what was found is there, and the result says that it is not all."""

import signal

import numpy as np
import problems
import pytest

from dynsys.analysis import bifurcation_diagram, continue_branch, continue_curve, two_parameter_diagram
from tasks.errors import OutcomeError, Status

ANALYSIS = "dynsys.analysis"


def press_at(monkeypatch, place, name, call):
    """Ctrl-C after so many calls of a function of the analysis."""
    module = __import__(f"{ANALYSIS}.{place}", fromlist=[name])
    function, calls = getattr(module, name), []

    def pressing(*args, **kwargs):
        found = function(*args, **kwargs)
        calls.append(name)
        if len(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return found

    monkeypatch.setattr(module, name, pressing)
    return calls


def test_before_the_first_branch(monkeypatch):
    press_at(monkeypatch, "diagram", "find_fixed_points", 2)
    diagram = bifurcation_diagram(problems.cusp(), "mu", (-1, 1))
    assert diagram.status is Status.INTERRUPTED and diagram.branches == () and not diagram.complete
    assert "interrupted" in repr(diagram) and diagram.at(0.0).shape == (0, 1)


def test_between_branches(monkeypatch):
    """The pitchfork of the cusp at mu = 0: the first branch is kept, the ones that cross it are not there."""
    whole = bifurcation_diagram(problems.cusp(), "lam", (-1, 1))
    calls = press_at(monkeypatch, "diagram", "trace_branch", 1)
    diagram = bifurcation_diagram(problems.cusp(), "lam", (-1, 1))
    assert len(whole.branches) == 2 and len(diagram.branches) == 1 and len(calls) == 1
    assert diagram.status is Status.INTERRUPTED and "interrupted" in diagram.message
    np.testing.assert_array_equal(diagram.branches[0].kappa, whole.branches[0].kappa)
    assert [point.kind for point in diagram.special_points] == ["pitchfork"]
    monkeypatch.undo()
    press_at(monkeypatch, "diagram_branches", "trace_branch", 1)
    with pytest.raises(OutcomeError, match="interrupted"):
        bifurcation_diagram(problems.cusp(), "lam", (-1, 1), strict=True)


def test_within_a_family_of_cycles(monkeypatch):
    def press(self, rows):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(f"{ANALYSIS}.cycle_continuation.Watch.end_of", press)
    diagram = bifurcation_diagram(problems.stuart_landau(-0.5), "r", (-0.5, 1.0))
    assert diagram.status is Status.INTERRUPTED and len(diagram.branches) == 1
    assert [point.kind for point in diagram.special_points] == ["Hopf"]
    (family,) = diagram.cycles
    assert family.status is Status.INTERRUPTED and len(family) > 2


def test_between_curves_in_two_parameters(monkeypatch):
    press_at(monkeypatch, "two_parameters", "continue_curve", 1)
    diagram = two_parameter_diagram(problems.cusp(), ("mu", "lam"), ((-1, 1), (-1, 1.3)), lines=3)
    assert diagram.status is Status.INTERRUPTED and diagram.message.startswith(Status.INTERRUPTED.value)
    assert [curve.kind for curve in diagram.curves] == ["fold"] and diagram.regions == ()
    assert [point.kind for point in diagram.special_points] == ["cusp"] and repr(diagram)


def test_between_regions_in_two_parameters(monkeypatch):
    press_at(monkeypatch, "parameter_regions", "find_fixed_points", 13)  # of 15 places
    diagram = two_parameter_diagram(problems.cusp(), ("mu", "lam"), ((-1, 1), (-1, 1.3)), lines=3)
    assert diagram.status is Status.INTERRUPTED and len(diagram.curves) == 1
    (region,) = diagram.regions  # one of the two
    assert region.checked and set(np.unique(diagram.labels)) == {-1, 0}


def test_along_a_curve_in_two_parameters(monkeypatch):
    field = problems.cusp(0.0, 1.0)
    fold = continue_branch(field, [1.3], "mu", (-1, 1)).special_points[0]
    calls = press_at(monkeypatch, "bifurcation_curve", "Tests", 7)
    curve = continue_curve(field, fold, "lam", (-1, 2), (-1, 1))
    assert curve.status is Status.INTERRUPTED and len(curve) == len(calls) == 7
    mu, lam = curve.values.T
    np.testing.assert_allclose(27 * mu**2, 4 * lam**3, atol=1e-9)
