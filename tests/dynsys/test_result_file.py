"""Branches, curves and diagrams survive a file; what is no whole file of one is refused."""

import dataclasses
import errno
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import problems
import pytest
import sympy
from made_results import BOTH, a_branch, a_curve, a_diagram, a_family, a_plane, nothing

import rnn
from dynsys.analysis import (
    Cycle,
    CycleBranch,
    CyclePoint,
    as_map,
    bifurcation_diagram,
    compile_field,
    continue_branch,
    continue_curve,
    continue_cycles,
    load_result,
    save_result,
    two_parameter_diagram,
)
from dynsys.analysis.result_forms import Place, Shelf
from dynsys.analysis.result_kinds import KINDS
from dynsys.plotting import new_figure, plot_bifurcation, plot_two_parameters
from dynsys.report.bifurcations import diagram_figure, special_points_latex
from dynsys.symbolic import System
from tasks import FileError, InputError, Status

OLD = Path(__file__).resolve().parent.parent / "files"


def same(ours, theirs):
    """Equal to the last bit and type, nan included; the order of dicts too."""
    if isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes() or not np.isfinite(theirs).all()
        np.testing.assert_array_equal(ours, theirs)
    elif dataclasses.is_dataclass(theirs):
        assert type(ours) is type(theirs)
        for field in dataclasses.fields(theirs):
            same(getattr(ours, field.name), getattr(theirs, field.name))
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        same(list(ours.values()), list(theirs.values()))
    elif isinstance(theirs, (list, tuple)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs)
        for one, other in zip(ours, theirs):
            same(one, other)
    else:
        assert ours == theirs or (ours != ours and theirs != theirs)


def kept(result, folder):
    """What comes back from a file, after checks that hold for any result."""
    path = save_result(result, folder / "result.npz")
    again = load_result(path)
    same(again, result)
    assert repr(again) == repr(result)
    assert save_result(again, folder / "again.npz").read_bytes() == path.read_bytes()
    if hasattr(result, "to_arrays"):
        same(again.to_arrays(), result.to_arrays())
    if hasattr(result, "_repr_html_"):
        assert again._repr_html_() == result._repr_html_()
    return again


def drawn(ax):
    """The data of a picture."""
    lines = [(line.get_label(), line.get_linestyle(), *map(list, line.get_data())) for line in ax.lines]
    areas = [path.vertices.tolist() for area in ax.collections for path in area.get_paths()]
    texts = [(text.get_text(), text.get_position()) for text in ax.texts]
    legend = ax.get_legend() and [text.get_text() for text in ax.get_legend().get_texts()]
    return repr((lines, areas, texts, legend, ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim(), ax.get_ylim()))


MADE = [a_branch, a_family, a_curve, a_diagram, a_plane]


@pytest.mark.parametrize("make", MADE)
def test_a_result_is_what_it_was(make, tmp_path):
    kept(make(), tmp_path)


@pytest.mark.parametrize("result", nothing(), ids=lambda result: type(result).__name__)
def test_results_without_anything_in_them_are_kept_too(result, tmp_path):
    kept(result, tmp_path)


@pytest.mark.parametrize("make", MADE)
def test_every_field_of_a_result_is_kept(make):
    """A field that a result gains and a file does not know would be lost without a word."""

    def walk(value, entry):
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            for one, other in zip(value, entry):
                walk(one, other)
        elif dataclasses.is_dataclass(value) or hasattr(value, "_fields"):
            fields = getattr(value, "_fields", None)
            fields = fields or [field.name for field in dataclasses.fields(value) if field.init]
            assert set(entry) == set(fields), type(value).__name__
            for name in fields:
                walk(getattr(value, name), entry[name])

    result = make()
    walk(result, KINDS[type(result).__name__][1].pack(result, Place(Shelf(), "", {})))


def sorted_as_once(branch):
    """Coefficients in the order of their names, in which old files have them."""
    points = [
        dataclasses.replace(point, coefficients=dict(sorted(point.coefficients.items())))
        for point in branch.special_points
    ]
    return dataclasses.replace(branch, special_points=points)


def test_files_from_before_diagrams_were_kept_can_be_read():
    found = load_result(OLD / "branch_version_1.npz")
    assert found.source == a_branch().source
    same(dataclasses.replace(found, source={}), dataclasses.replace(sorted_as_once(a_branch()), source={}))
    same(load_result(OLD / "cycles_version_1.npz"), a_family())


def test_numpy_opens_the_arrays(tmp_path):
    diagram = a_diagram()
    with np.load(save_result(diagram, tmp_path / "diagram.NPZ")) as arrays:
        np.testing.assert_array_equal(arrays["branches/1/kappa"], diagram.branches[1].kappa)
        np.testing.assert_array_equal(arrays["cycles/0/orbits"], diagram.cycles[0].orbits)


def test_a_diagram_from_a_file_is_drawn_alike_and_goes_on(tmp_path):
    field = problems.stuart_landau(-0.5)
    diagram = bifurcation_diagram(field, "r", (-0.5, 1.0))
    again = kept(diagram, tmp_path)
    assert again.attractors == diagram.attractors and again.complete == diagram.complete
    assert len(again.cycles) == 1 and again.cycles[0].at(0.3)[0].period == diagram.cycles[0].at(0.3)[0].period
    for coordinate in (0, 1):
        pictures = [drawn(plot_bifurcation(each, coordinate, new_figure()[1])) for each in (again, diagram)]
        assert pictures[0] == pictures[1] and len(pictures[0]) > 1000
    assert special_points_latex(again) == special_points_latex(diagram)
    assert len(diagram_figure(again).axes) == 2
    start = again.special_points[0]
    further = continue_cycles(field, start, "r", (-0.5, 0.2), intervals=8, max_points=5)
    np.testing.assert_allclose(further.high[:, 0] ** 2, further.values / 1.123, atol=1e-8)


def test_two_parameters_from_a_file_are_drawn_alike(tmp_path):
    diagram = two_parameter_diagram(problems.cusp(), ("mu", "lam"), ((-1, 1), (-1, 1.3)), lines=2)
    again = kept(diagram, tmp_path)
    assert len(again.regions) == 2 and again.curves and again.special_points
    pictures = [drawn(plot_two_parameters(each, new_figure()[1])) for each in (again, diagram)]
    assert pictures[0] == pictures[1] and len(pictures[0]) > 1000
    kept(again.curves[0].turned(), tmp_path)


def test_results_of_every_routine_are_kept(tmp_path):
    lost = continue_branch(problems.cusp(5.0, -1.0), [40.0], "mu", (-9, 9))
    assert kept(lost, tmp_path).status is Status.NOT_ON_BRANCH
    branch = kept(continue_branch(problems.reactor(18), [0, 0], "p1", (0, 0.5)), tmp_path)
    fold = next(point for point in branch.special_points if point.kind == "fold")
    kept(continue_curve(problems.reactor(18), fold, "p2", (15, 20), (0, 0.5), max_points=20), tmp_path)
    logistic = as_map(compile_field(System.from_text("x' = r x (1 - x) - x; r = 2.5")), 1.0)
    orbits = kept(bifurcation_diagram(logistic, "r", (2.0, 3.3)), tmp_path)  # of period two
    assert any(branch.source.get("period") == 2 for branch in orbits.branches)


@pytest.mark.slow
def test_curves_of_cycles_and_of_maps_are_kept(tmp_path):
    x, y, a, b = sympy.symbols("x y a b")
    grow = a + b * (x**2 + y**2) - (x**2 + y**2) ** 2
    field = problems.field([x * grow - y, y * grow + x], "x y", a=-0.3, b=0.8)
    plane = two_parameter_diagram(field, ("a", "b"), ((-0.5, 0.5), (-1, 1)), lines=1)
    again = kept(plane, tmp_path)
    assert {"Hopf", "fold of cycles"} <= {curve.kind for curve in again.curves}
    assert again.curves[-1].cycle(1).period == plane.curves[-1].cycle(1).period
    fx = a * x + y - a * x**2 + b * x * (2 - 3 * x)
    fy = x + a * y - 3 * x**2 / 2 - 3 * a * x * y / 2 - 2 * b * y
    leaf = problems.field([fx, fy], "x y", a=-0.3, b=0.05)
    hopf = continue_branch(leaf, [0.66, 0.07], "b", (-0.1, 0.1)).special_points[0]
    family = kept(continue_cycles(leaf, hopf, "b", (-0.1, 0.1)), tmp_path)
    end = family.special_points[-1]
    assert kept(continue_curve(leaf, end, "a", (-0.6, 0.6), (-0.1, 0.1)), tmp_path).kind == "homoclinic"
    henon = as_map(problems.field([1 - a * x**2 + y - x, b * x - y], "x y", a=0.2, b=0.3), 1.0)
    flip = bifurcation_diagram(henon, "a", (0.1, 1.0)).special_points[0]
    assert kept(continue_curve(henon, flip, "b", (-1.5, 0.9), (-1, 5)), tmp_path).kind == "flip"


def test_a_very_long_family_is_kept(tmp_path):
    count, phase = 3000, np.linspace(0, 2 * np.pi, 17)
    values = np.linspace(0.1, 9, count)
    orbits = np.sqrt(values)[:, None, None] * np.column_stack([np.cos(phase), np.sin(phase)])
    rows = values, values, np.ones((count, 2)) + 1j, np.ones(count, bool)
    points = [
        CyclePoint("event", "p", value, Cycle(orbits[0], phase, 1.0, [1, 0.5], "stable cycle"), "text " * 70)
        for value in values
    ]  # its texts take more than a network's header may
    family = CycleBranch(
        "p", *rows, np.tile(np.linspace(0, 1, 5), (count, 1)), orbits, points, BOTH, state="xy"
    )
    again = load_result(save_result(family, tmp_path / "long.npz"))
    assert len(again.special_points) == count and (again.orbits == orbits).all()


@pytest.mark.parametrize("make", [a_diagram, a_plane])
def test_flipped_bytes_give_the_same_or_are_refused(make, tmp_path):
    result = make()
    path = save_result(result, tmp_path / "result.npz")
    content = path.read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for k in range(300):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), 1 + k % 3):
            changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(changed))
        try:
            again = load_result(path)
        except FileError:
            refused += 1
        else:
            same(again, result)  # a date or a right of a zip's member
    assert refused > 250
    for share in (0.0, 0.1, 0.5, 0.99):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(FileError, match="truncated"):
            load_result(path)


def forge(path, edit):
    """The file with another header, whose checksums are in order."""
    forged = path.with_name("forged.npz")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(forged, "w") as out:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "header.json":
                header = json.loads(data)
                edit(header)
                data = json.dumps(header).encode()
            out.writestr(name, data)
    return forged


FORGED = [
    (lambda h: h.update(version=99), "update it"),
    (lambda h: h.update(version=True), "no version"),
    (
        lambda h: h.update(format="dynsys-rnn network"),
        "does not say 'dynsys result'.* but 'dynsys-rnn network'",
    ),
    (lambda h: h.update(kind="Analysis"), "Analysis"),
    (lambda h: h.pop("result"), "result"),
    (lambda h: h.update(result=[]), "has not the fields"),
    (lambda h: h["arrays"].pop("numbers"), "disagree"),
    (lambda h: h["arrays"]["branches/0/kappa"].update(shape=[2, 3]), "shape"),
    (lambda h: h["result"].update(extra=1), "has not the fields"),
    (lambda h: h["result"].update(status="run_this"), "run_this"),
    (lambda h: h["result"].update(state=["x"]), "has the shape"),
    (lambda h: h["result"].update(state=5), "int"),
    (lambda h: h["result"].update(message=5), "expected a text"),
    (lambda h: h["result"].update(span=[0, "1"]), "expected a number"),
    (lambda h: h["result"].update(counts=[[0, 1]]), "3 entries"),
    (lambda h: h["result"].update(branches=[]), "nothing of it has"),
    (lambda h: h["result"].update(special_points=[]), "all its numbers"),
    (lambda h: h["result"]["source"].update(a={"call": "os.system"}), "no tag"),
    (lambda h: h["result"]["source"].update(a={"array": [1], "shape": [10**12], "dtype": "<f8"}), "reshape"),
    (lambda h: h["result"]["source"].update(a={"array": [1], "shape": [1], "dtype": "|O8"}), "unpack"),
    (lambda h: h["result"]["special_points"][0].update(kappa=[10**9]), "has the shape"),
    (lambda h: h["result"]["special_points"][0].update(eigenvalues=[10**9]), "entries left"),
    (lambda h: h["result"]["special_points"][0].update(eigenvalues=[True]), "expected a shape"),
    (lambda h: h["result"]["special_points"][0].update(value=10**400), "too large"),
    (lambda h: h["result"]["cycles"][0].update(orbits=[1, 10, 2]), "has the shape"),
    (lambda h: h["result"]["cycles"][0].update(ends=["COMPLETED"]), "2 entries"),
]


@pytest.mark.parametrize("edit, what", FORGED)
def test_files_that_lie_are_refused(edit, what, tmp_path):
    path = save_result(a_diagram(), tmp_path / "diagram.npz")
    with pytest.raises(FileError, match=what):
        load_result(forge(path, edit))


def test_points_of_cycles_that_lie_are_refused(tmp_path):
    path = save_result(a_family(), tmp_path / "family.npz")
    with pytest.raises(FileError, match="goes on with"):
        load_result(forge(path, lambda h: h["result"]["special_points"][1].update(onward=[[3], [28], [28]])))
    path = save_result(a_plane(), tmp_path / "plane.npz")
    for depth in (400, 900):
        deep = json.loads("[" * depth + "]" * depth)
        with pytest.raises(FileError, match="damaged"):
            load_result(forge(path, lambda h, deep=deep: h["result"]["regions"][0].update(label=deep)))


def test_files_of_other_kinds_are_refused(tmp_path):
    ones = np.ones(4)
    network = rnn.save_network(rnn.LowRankRNN(ones, ones, ones, ones), tmp_path / "net.npz")
    with pytest.raises(FileError, match="but 'dynsys-rnn network'"):
        load_result(network)
    with pytest.raises(FileError, match="but 'dynsys result'"):
        rnn.load_network(save_result(a_branch(), tmp_path / "branch.npz"))
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "plain.npz", kappa=ones)
    for name in ("text.npz", "plain.npz", "", "absent.npz"):
        with pytest.raises(FileError):
            load_result(tmp_path / name)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path, monkeypatch):
    branch = a_branch()
    path = save_result(branch, tmp_path / "branch.npz")
    content = path.read_bytes()
    with pytest.raises(InputError, match="npz"):
        save_result(branch, tmp_path / "branch.txt")
    with pytest.raises(InputError, match="name of a file"):
        save_result(branch, 5)
    with pytest.raises(InputError, match="expected Branch or .* got Cycle"):
        save_result(a_family().cycle(0), path)
    for change, what in [
        ({"source": {"field": object()}}, "source/field: expected plain values, got object"),
        ({"inputs": {1: 2.0}}, "texts that name"),
        ({"state": ("x",)}, "kappa has the shape"),
        ({"message": None}, "message: expected a text, got NoneType"),
        ({"ends": (Status.COMPLETED,)}, "ends: expected 2 entries"),
    ]:
        with pytest.raises(InputError, match=what):
            save_result(dataclasses.replace(branch, **change), path)
    with pytest.raises(FileError, match="folder"):
        save_result(branch, tmp_path / "no" / "branch.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        save_result(branch, tmp_path / "folder.npz")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space left"):
        save_result(a_diagram(), path)
    assert path.read_bytes() == content and len(list(tmp_path.iterdir())) == 2
