"""Results with everything that a file must keep: odd texts, numbers that are none, empty parts."""

import dataclasses

import numpy as np

from dynsys.analysis import (
    BifurcationCurve,
    BifurcationDiagram,
    Branch,
    CodimensionTwoPoint,
    Cycle,
    CycleBranch,
    CyclePoint,
    SpecialPoint,
    TwoParameterDiagram,
)
from dynsys.analysis.branch_proof import Stretch
from dynsys.analysis.parameter_regions import Region
from tasks import Status

ODD = 'text <&> "quoted" \\ \n \0 \u00e4\U0001f300'
BOTH = (Status.REACHED_SPAN, Status.MIN_STEP)


def a_branch():
    p = np.array([-1.0, 0.0, 0.5])
    kappa = np.column_stack([p / 3, p**2])
    first = {"omega": 1.5, "c1": -2 + 0.1j}
    points = [
        SpecialPoint("Hopf", "p", 0.0, [0.0, 0.0], first, "text <&>", [1.5j, -1.5j], None, 1e-17),
        SpecialPoint("pitchfork", "p", 0.25, [0.1, 0.2], {"b30": -2.0}, "", [0.0, -1.0], np.eye(3)[:2]),
    ]
    rows = kappa, np.array([[1j, -1j]] * 3), np.array([True, False, True])
    source = {"text": "x' = p", "step": 1.0, "deep": {"seeds": [1, 2]}}
    return Branch(
        "p", p, *rows, points, BOTH, "Some words.", None, p[:, None] / 7, {"v": 0.3}, ("x", "y"), source
    )


def a_family():
    onward = np.linspace(0, 1, 3), np.arange(29.0), -np.arange(29.0)
    turns = [1.0, 1j, -1j]
    turn = Cycle(np.ones((9, 3)) / 3, np.arange(9.0), 2.0, turns, "non-hyperbolic cycle", 0.5)
    points = [
        CyclePoint("torus", "p", 0.5, turn, "text <&>", None, {"angle": 1.5, "c1": 1 + 2j}),
        CyclePoint("period doubling", "p", 0.7, turn, "", onward, {"c": -0.1, "speed": 1e-300}),
    ]
    rows = [0.5], [2.0], [turns], [False], np.linspace(0, 1, 3)[None], np.ones((1, 9, 3)) / 7
    ends = Status.NEAR_HOMOCLINIC, Status.INTERRUPTED
    return CycleBranch("p", *rows, points, ends, state=("x", "y", "z"))


def a_curve(turning=True):
    places = np.array([[0.0, 1.0], [0.1, np.nan], [np.inf, -0.0]])
    kappa = np.ones((3, 2)) / 3
    point = CodimensionTwoPoint(
        "zero-Hopf",
        ("a", "b"),
        [0.0, np.nan],
        [0.1, 0.2],
        {"theta": np.inf, "h": complex(np.nan, -np.inf)},
        ODD,
    )
    orbits = (np.ones(3), np.ones((3, 3)), np.ones((3, 9, 2))) if turning else (None,) * 3
    kind, rest = "fold of cycles" if turning else "fold", ({"v": 1.0}, ("x", "y"))
    valid = np.array([True, False, True])
    images = None if turning else -np.eye(2)[None]
    return BifurcationCurve(
        kind, ("a", "b"), places, kappa, kappa + 1j, valid, [point], BOTH, ODD, *rest, *orbits, images
    )


def a_diagram():
    branch, family = a_branch(), a_family()
    flat = dataclasses.replace(
        family, orbits=family.orbits[:, :, :2], multipliers=family.multipliers[:, :2], special_points=(),
        state=("x", "y"), output_low=[[0.0]], output_high=[[np.nan]],
    )  # fmt: skip
    source = {ODD: (1, [2.5, None, True, -np.inf], {"inner": (np.int64(3), 1j)}), "array": np.arange(4) == 2}
    return BifurcationDiagram(
        "p", (-1.0, 0.5), [branch, branch], branch.special_points, Status.INTERRUPTED, ODD, {"v": 0.3},
        ("x", "y"), source, ("z",), [(0.1, 2, 2), (0.2, 1, 3)], [flat], [Stretch(-1.0, 0.5, -1, 2)],
    )  # fmt: skip


def a_plane():
    regions = [
        Region(
            np.array([0.5, 0.25]), 0.75, {"stable point": 2, "unstable point": 1}, ODD, False, (np.ones(2),)
        ),
        Region(np.array([0.5, np.nan]), 0.25, {}, "no fixed point", True),
    ]
    labels = np.array([[0, 1, -1], [1, 1, 0]])
    curves = (a_curve(), a_curve(turning=False))
    spans = np.array([[0.0, 1.0], [-1.0, 1.0]])
    status = Status.COMPLETED
    return TwoParameterDiagram(
        ("a", "b"), spans, curves, tuple(regions), labels, status, ODD, {"v": 0.0}, {"N": 4}
    )


def nothing(state=("x", "y")):
    n, ends = len(state), (Status.NOT_ON_BRANCH,) * 2
    rows = np.zeros(0), np.zeros((0, n)), np.zeros((0, n)), np.zeros(0, bool)
    lost = Branch("p", *rows, (), ends, state=state)
    rows = (
        np.zeros(0),
        np.zeros(0),
        np.zeros((0, n)),
        np.zeros(0, bool),
        np.zeros((0, 3)),
        np.zeros((0, 9, n)),
    )
    family = CycleBranch("p", *rows, (), ends, state=state)
    curve = BifurcationCurve(
        "Hopf", ("a", "b"), np.zeros((0, 2)), np.zeros((0, n)), np.zeros((0, n), complex), np.zeros(0, bool),
        (), ends, state=state,
    )  # fmt: skip
    diagram = BifurcationDiagram("p", (0.0, 1.0), [lost], (), Status.FAILED, state=state, cycles=[family])
    alone = BifurcationDiagram("p", (0.0, 1.0), (), (), Status.COMPLETED)
    labels, status = np.full((1, 1), -1), Status.INTERRUPTED
    plane = TwoParameterDiagram(("a", "b"), np.eye(2), (curve,), (), labels, status)
    return [lost, family, curve, diagram, alone, plane, dataclasses.replace(plane, curves=())]
