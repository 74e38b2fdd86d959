"""Branches survive a file, partial ones too; damaged files are refused; users' events are found."""

import os
import signal

import numpy as np
import problems
import pytest

from dynsys.analysis import continue_branch, load_branch, save_branch
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
