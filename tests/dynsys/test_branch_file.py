"""Branches survive a file, partial ones too; damaged files are refused; users' events are found."""

import json
import os
import signal
import zipfile

import numpy as np
import problems
import pytest

from dynsys.analysis import (
    Cycle,
    CycleBranch,
    CyclePoint,
    continue_branch,
    continue_cycles,
    load_branch,
    save_branch,
)
from tasks import FileError, InputError, Status


def hopf_and_folds():
    return continue_branch(problems.reactor(18), [0, 0], "p1", (0, 0.5))


def test_a_branch_is_what_it_was(tmp_path):
    branch = hopf_and_folds()
    again = load_branch(save_branch(branch, tmp_path / "branch.npz"))
    for name in ("values", "kappa", "eigenvalues", "stable", "tangents", "outputs"):
        np.testing.assert_array_equal(getattr(again, name), getattr(branch, name))
    assert (again.parameter, again.ends, again.message) == (branch.parameter, branch.ends, branch.message)
    assert again.source == branch.source and again.state == branch.state
    for ours, theirs in zip(again.special_points, branch.special_points, strict=True):
        assert ours.coefficients == theirs.coefficients and ours.sentence == theirs.sentence
        np.testing.assert_array_equal(ours.eigenvalues, theirs.eigenvalues)
        np.testing.assert_array_equal(ours.directions, theirs.directions)
    np.testing.assert_array_equal(again.at(0.11), branch.at(0.11))
    with np.load(tmp_path / "branch.npz") as arrays:
        np.testing.assert_array_equal(arrays["kappa"], branch.kappa)


def test_an_empty_branch_is_kept_too(tmp_path):
    lost = continue_branch(problems.cusp(5.0, -1.0), [40.0], "mu", (-9, 9))
    again = load_branch(save_branch(lost, tmp_path / "lost.npz"))
    assert len(again) == 0 and again.status is Status.NOT_ON_BRANCH


def cycles():
    field = problems.stuart_landau(-0.5)
    (hopf,) = continue_branch(field, [0.0, 0.0], "r", (-0.5, 1.0)).special_points
    return field, continue_cycles(field, hopf, "r", (-0.5, 1.0), intervals=8, max_points=12, marks=(0.2,))


def same_cycles(ours, theirs):
    for name in ("values", "periods", "multipliers", "stable", "meshes", "orbits", "low", "high"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    for name in ("parameter", "ends", "message", "inputs", "source"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert tuple(ours.state) == tuple(theirs.state)
    for one, other in zip(ours.special_points, theirs.special_points, strict=True):
        assert repr(one) == repr(other) and one.sentence == other.sentence
        assert one.coefficients == other.coefficients
        np.testing.assert_array_equal(one.cycle.points, other.cycle.points)
        np.testing.assert_array_equal(one.multipliers, other.multipliers)
        assert (one.onward is None) == (other.onward is None)
        for mine, its in zip(one.onward or (), other.onward or ()):
            np.testing.assert_array_equal(mine, its)


def test_a_branch_of_cycles_is_what_it_was(tmp_path):
    field, branch = cycles()
    path = save_branch(branch, tmp_path / "cycles.npz")
    again = load_branch(path)
    same_cycles(again, branch)
    assert len(again.special_points) == 1
    assert save_branch(again, tmp_path / "again.npz").read_bytes() == path.read_bytes()
    start = again.special_points[0].cycle  # it goes on where it was
    further = continue_cycles(field.with_values(r=0.2), start, "r", (0.1, 0.3), intervals=8, max_points=5)
    np.testing.assert_allclose(further.high[:, 0], np.sqrt(further.values / 1.123), rtol=1e-6)
    with np.load(path) as arrays:
        np.testing.assert_array_equal(arrays["orbits"], branch.orbits)


def test_coefficients_and_ways_onward_are_kept(tmp_path):
    onward = np.linspace(0, 1, 3), np.arange(29.0), -np.arange(29.0)
    turn = Cycle(np.ones((9, 3)), np.arange(9.0), 2.0, [1.0, 1j, -1j], "non-hyperbolic cycle", 0.5)
    points = [
        CyclePoint("torus", "p", 0.5, turn, "text <&>", None, {"angle": 1.5, "c1": 1 + 2j}),
        CyclePoint("period doubling", "p", 0.7, turn, "", onward, {"c": -0.1, "speed": 1e-300}),
    ]
    one = np.ones((1, 9, 3))
    rows = [0.5], [2.0], [[1.0, 1j, -1j]], [False], np.linspace(0, 1, 3)[None], one
    branch = CycleBranch("p", *rows, points, (Status.NEAR_HOMOCLINIC, Status.INTERRUPTED), state="xyz")
    same_cycles(load_branch(save_branch(branch, tmp_path / "some.npz")), branch)
    nothing = np.zeros(0), np.zeros(0), np.zeros((0, 3)), np.zeros(0, bool), np.zeros((0, 3)), one[:0]
    branch = CycleBranch("p", *nothing, (), (Status.NOT_CONVERGED,) * 2, state="xyz")
    again = load_branch(save_branch(branch, tmp_path / "empty.npz"))
    assert len(again) == 0 and again.status is Status.NOT_CONVERGED and again.orbits.shape == (0, 9, 3)


def test_files_of_cycles_that_lie_are_refused(tmp_path):
    _, branch = cycles()
    path = save_branch(branch, tmp_path / "cycles.npz")
    content = path.read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for place in rng.integers(0, len(content), 60):
        changed = bytearray(content)
        changed[place] ^= 0x40
        path.write_bytes(bytes(changed))
        try:
            same_cycles(load_branch(path), branch)
        except FileError:
            refused += 1
    assert refused > 50
    path.write_bytes(content)
    for edit, what in [
        (lambda h: h["special_points"][0].update(states=10**9), "special has"),
        (lambda h: h["special_points"][0].update(states=-1), "special has"),
        (lambda h: h["special_points"][0].update(states=True), "special has"),
        (lambda h: h["special_points"].clear(), "belong to no point"),
        (lambda h: h["special_points"][0].update(onward=[3, 5, 5]), "goes on with"),
        (lambda h: h["special_points"][0]["cycle"].update(points=[]), "no branch can be made"),
        (lambda h: h.update(ends=["COMPLETED", "run_this"]), "run_this"),
        (lambda h: h.update(state=["x"]), "names or ends"),
        (lambda h: h.update(state=5), "no branch can be made"),
        (lambda h: h.update(format="dynsys branch"), "does not say"),
        (lambda h: h.update(version=99), "update it"),
        (lambda h: h["arrays"].pop("special"), "does not describe"),
        (lambda h: h["arrays"]["orbits"].update(shape=[1, 2, 3]), "shape"),
    ]:
        forged = tmp_path / "forged.npz"
        with zipfile.ZipFile(path) as archive, zipfile.ZipFile(forged, "w") as out:
            for name in archive.namelist():
                data = archive.read(name)
                if name == "header.json":
                    header = json.loads(data)
                    edit(header)
                    data = json.dumps(header).encode()
                out.writestr(name, data)
        with pytest.raises(FileError, match=what):
            load_branch(forged)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileError):
        load_branch(path)
    with pytest.raises(InputError, match="branch"):
        save_branch(branch.cycle(0), tmp_path / "cycle.npz")


def test_damaged_files_are_refused(tmp_path):
    branch, refused = hopf_and_folds(), 0
    path = save_branch(branch, tmp_path / "branch.npz")
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 60):
        changed = bytearray(content)
        changed[place] ^= 0x40
        path.write_bytes(bytes(changed))
        try:
            again = load_branch(path)
        except FileError:
            refused += 1
            continue
        np.testing.assert_array_equal(again.kappa, branch.kappa)  # a date or a right of a zip's member
        assert repr(again) == repr(branch)
    assert refused > 50
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileError):
        load_branch(path)
    with pytest.raises(InputError, match="npz"):
        save_branch(hopf_and_folds(), tmp_path / "branch.txt")


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
