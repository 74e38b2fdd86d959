"""Slices through portraits of three to six dimensions: against planar fields, closed forms, integration."""

import numpy as np
import problems
import pytest
import sympy

from dynsys.analysis import (
    attractor_of,
    find_attractors,
    find_basins,
    find_fixed_points,
    make_plane,
    phase_portrait,
    phase_portraits,
    reduced_field,
)
from dynsys.analysis.basins import Basins
from dynsys.analysis.cycles import LimitCycles
from dynsys.plotting.phase_plane import NOBODY, TINTS, _tints, plot_portrait, plot_portraits
from dynsys.plotting.phase_space import plot_portrait_3d
from dynsys.plotting.style import new_figure
from rnn import load_example, simulate
from tasks import InputError, get_task

ROOT = np.sqrt(8 / 3 * 9)  # Lorenz at rho = 10 rests in +-(ROOT, ROOT, 9) and 0
BOX = np.array([[-1.5, 1.5]] * 3)


@pytest.fixture(scope="module")
def lorenz():
    return problems.lorenz(10.0)


@pytest.fixture(scope="module")
def portrait(lorenz):
    """The plane y = ROOT, in which one of three fixed points lies."""
    points = find_fixed_points(lorenz, box=[[-20, 20], [-20, 20], [-10, 30]])
    attractors = find_attractors(lorenz, fixed_points=points, cycles=LimitCycles(()))
    return phase_portrait(lorenz, plane=("x", "z"), at={"y": ROOT}, attractors=attractors)


def test_everything_in_a_slice_is_that_of_the_field(lorenz, portrait):
    plane, data = portrait.plane, portrait.data()
    assert np.ptp(portrait.kappa[:, 1]) == 0 and portrait.kappa[0, 1] == ROOT
    np.testing.assert_allclose(portrait.flow, lorenz.rhs(portrait.kappa), atol=1e-12)
    assert {line.component for line in portrait.nullclines} == {0, 1}
    for line in portrait.nullclines:  # 10 (y - x) = 0 and x y = 8/3 z
        x, z = line.points.T
        assert np.abs(x - ROOT if line.component == 0 else ROOT * x - 8 / 3 * z).max() < 1e-10
    assert len(portrait.streamlines) > 20 and portrait.manifolds == ()
    for line, speed in zip(portrait.streamlines, portrait.speeds):
        states = plane.states(line)
        np.testing.assert_allclose(speed, np.linalg.norm(lorenz.rhs(states), axis=1), rtol=1e-12)
        along = lorenz.rhs(plane.states(0.5 * (line[1:] + line[:-1])))[:, [0, 2]]
        steps = np.diff(line, axis=0)
        cosine = (steps * along).sum(axis=1) / np.linalg.norm(steps, axis=1) / np.linalg.norm(along, axis=1)
        assert cosine.min() > 0.9
    distances = [point["distance"] for point in data["fixed_points"]]
    np.testing.assert_allclose(sorted(distances), [0, ROOT, 2 * ROOT], atol=1e-8)
    assert portrait.on_plane.tolist() == [distance < 1e-3 for distance in distances]
    assert data["plane"]["labels"] == ("x", "z") and data["speed"] == "full" and data["box"].shape == (2, 2)
    assert "1 of 3 fixed points in the plane" in repr(portrait) and "through y = 4.899" in repr(portrait)


def test_basins_of_a_slice_are_those_of_the_whole_flow(lorenz, portrait):
    rng = np.random.default_rng(0)
    places = rng.uniform(*portrait.box.T, (150, 2))
    direct = attractor_of(lorenz, portrait.plane.states(places), portrait.attractors)[0]
    drawn = np.array([portrait.basins.at(*place) for place in places])
    assert portrait.basins.method == "capture" and (direct == drawn).mean() > 0.97
    assert len(np.unique(direct)) == 2


@pytest.mark.slow
def test_a_plane_that_the_flow_never_leaves_shows_the_planar_portrait():
    """x' = x - x^3, y' = x - y, z' = -z: the planar field at z = 0; the same flow along z = 1."""
    x, y, z = sympy.symbols("x y z")
    square = BOX[:2]
    planar = phase_portrait(problems.field([x - x**3, x - y], "x y"), box=square)
    space = problems.field([x - x**3, x - y, -z], "x y z")
    for height in (0.0, 1.0):
        cut = phase_portrait(space, box=square, plane=(0, 1), at=[0.3, 0.3, height], speed="plane")
        assert len(cut.streamlines) == len(planar.streamlines)
        for a, b in zip(cut.streamlines, planar.streamlines):
            np.testing.assert_allclose(a, b, atol=1e-12)
        for a, b in zip(cut.speeds, planar.speeds):
            np.testing.assert_allclose(a, b, atol=1e-12)
        for a, b in zip(cut.nullclines, planar.nullclines):
            np.testing.assert_allclose(a.points, b.points, atol=1e-12)
        assert cut.on_plane.all() == (height == 0.0)
        same = [[planar.basins.at(a, b) for b in cut.basins.y] for a in cut.basins.x]
        assert (cut.basins.labels == same).mean() > 0.98


def test_a_tilted_plane_through_octants():
    """x = tanh(1.8 x), three times: which of eight attractors is which sign, in any plane."""
    field = problems.decoupled_tanh(3)
    points = find_fixed_points(field, box=BOX)
    attractors = find_attractors(field, fixed_points=points, cycles=LimitCycles(()))
    vectors, through = np.array([[1.0, 2.0, -0.5], [0.3, -1.0, 1.0]]), np.array([0.1, 0.2, -0.3])
    plane = make_plane(field, vectors, through)
    np.testing.assert_allclose(plane.basis @ plane.basis.T, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(np.cross(*plane.basis) @ vectors.T, 0, atol=1e-14)
    rng = np.random.default_rng(0)
    states = rng.standard_normal((20, 3))
    back = plane.states(plane.coordinates(states)) + plane.offsets(states)
    np.testing.assert_allclose(back, states, atol=1e-14)
    assert np.abs(plane.basis @ plane.offsets(states).T).max() < 1e-14
    basins = find_basins(field, attractors, [[-2, 2], [-2, 2]], plane=plane, places=60)
    signs = np.sign(plane.states(np.stack(np.meshgrid(basins.x, basins.y, indexing="ij"), axis=-1)))
    of = {tuple(np.sign(place[0])): number for number, place in enumerate(attractors.places)}
    wanted = [[of[tuple(sign)] for sign in row] for row in signs]
    assert (basins.labels == wanted).all() and len(basins.shares) > 4
    whole = find_basins(field, attractors, [[-2, 2], [-2, 2]], plane=plane, places=30)
    for name, (s, t) in basins.middles.items():
        assert name == attractors.names[whole.at(s, t)]


def test_the_flip_flop_network_cut_through_three_of_its_memories():
    field = reduced_field(load_example("flipflop"))
    attractors = find_attractors(field, cycles=LimitCycles(()))
    first, second, third = (point.kappa for point in attractors.points[:3])
    cut = phase_portrait(field, plane=(second - first, third - first), at=first, attractors=attractors)
    here = [
        name for name, point in zip("ABCDEFGH", attractors.points) if cut.plane.distances(point.kappa) < 1e-9
    ]
    assert here[:3] == ["A", "B", "C"] and cut.on_plane.sum() >= 3
    for point in attractors.points[:3]:
        place = cut.plane.coordinates(point.kappa)
        assert attractors.names[cut.basins.at(*place)] == here[attractors.points.index(point)]
    for line in cut.nullclines:
        along = field.rhs(cut.plane.states(line.points)) @ cut.plane.basis[line.component]
        assert np.abs(along).max() < 1e-10
    ax = plot_portrait(cut, new_figure()[1])
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "flow along the plane,\ndark where |F| is large" in texts and "no flow along $s_{1}$" in texts
    assert any(text.startswith("beside the plane") for text in texts)
    assert ax.get_xlabel().startswith("$s_{1}$ along (") and "through (" in ax.get_title(loc="left")
    assert {"A", "B", "C"} <= {text.get_text() for text in ax.texts}


@pytest.mark.slow
def test_six_dimensions():
    """The network that reaches: any plane of its six kappas, at rest (a cycle) and after the go signal."""
    field = reduced_field(load_example("reach"))
    for inputs in (None, {"v3": 1.0}):
        attractors = find_attractors(field, inputs)
        vectors = np.random.default_rng(1).standard_normal((2, 6))
        cut = phase_portrait(field, inputs, plane=vectors, attractors=attractors)
        assert cut.plane.basis.shape == (2, 6) and len(cut.nullclines) >= 2 and len(cut.streamlines) > 20
        for line in cut.nullclines:
            along = field.rhs(cut.plane.states(line.points), inputs) @ cut.plane.basis[line.component]
            assert np.abs(along).max() < 1e-10
        assert cut.basins.shares == {"A": 1.0}
        plot_portrait(cut, new_figure()[1])


@pytest.mark.slow
def test_one_plane_for_every_input_of_a_task():
    net, trials = load_example("flipflop"), get_task("flipflop").trials(20, rng=0)
    run = simulate(net, trials, states=False)
    cuts = phase_portraits(
        reduced_field(net), trials, run, limit=3, plane=("kappa1", "kappa3"), at={"kappa2": 0.2}
    )
    assert (
        len(cuts) == 3 and "between pulses" in cuts and len({cut.plane.place for cut in cuts.values()}) == 1
    )
    assert len({tuple(cut.box.ravel()) for cut in cuts.values()}) == 1
    figure, panels = plot_portraits(cuts)
    assert [ax.get_title(loc="left") for ax in panels] == list(cuts)
    labels = {label for ax in panels for label in ax.get_legend_handles_labels()[1]}
    assert "trials, projected" in labels and len(figure.legends) == 1


def test_a_picture_says_what_is_held_and_how_far_points_are(portrait, lorenz):
    ax = plot_portrait(portrait, new_figure()[1])
    assert ax.get_title(loc="left") == "$y$ = 4.899"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x$", "$z$")
    numbers = {text.get_text() for text in ax.texts}
    assert {f"{ROOT:.2g}", f"{2 * ROOT:.2g}"} <= numbers
    shades = {line.get_alpha() for line in ax.lines if line.get_label().startswith("saddle")}
    assert all(shade is not None and 0.1 < shade < 0.9 for shade in shades)
    swapped = plot_portrait(portrait, new_figure()[1], plane=(1, 0))
    assert swapped.get_xlim() == ax.get_ylim() and swapped.get_ylabel() == "$x$"
    np.testing.assert_array_equal(swapped.images[0].get_array(), ax.images[0].get_array().T)
    fast = phase_portrait(lorenz, plane=(0, 2), at={"y": ROOT}, detail=False, speed="plane")
    _, panels = plot_portraits({"one": portrait, "two": fast})
    labels = [panel.get_legend_handles_labels()[1] for panel in panels]
    assert "flow along the plane,\ndark where this is fast" in labels[1]


def test_a_plane_far_from_every_fixed_point_is_drawn_too(lorenz):
    cut = phase_portrait(lorenz, plane=("x", "y"), at={"z": 500.0}, detail=False)
    assert not cut.on_plane.any() and "0 of 3 fixed points in the plane" in repr(cut)
    assert min(point["distance"] for point in cut.data()["fixed_points"]) == pytest.approx(491)
    plot_portrait(cut, new_figure()[1])
    huge = phase_portrait(lorenz, box=[[-1e49, 1e49]] * 2, plane=("x", "y"), detail=False)
    plot_portrait(huge, new_figure()[1])


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"plane": ("x", "x")}, "x twice; name two different ones of x, y, z"),
        ({"plane": ("x", "q")}, "no coordinate 'q'; there are x, y, z"),
        ({"plane": (0, 3)}, "numbers go from 0 to 2"),
        ({"plane": (0, 1, 2)}, "expected two of the coordinates x, y, z, or two vectors of 3 numbers"),
        ({"plane": "xy"}, "expected two of the coordinates"),
        ({"plane": {"x", "y"}}, "expected two of the coordinates"),
        ({"plane": ("x", [1, 0, 0])}, "expected two of the coordinates"),
        ({"plane": ([1, 0], [0, 1])}, r"plane\[0\]: expected"),
        ({"plane": ([1, 0, 0], [0, 0, 0])}, "vector 1 is zero"),
        ({"plane": ([1, 2, 3], [-2, -4, -6])}, "parallel"),
        ({"plane": ([1, np.nan, 3], [1, 0, 0])}, r"plane\[0\]: 1 of 3 entries is not finite"),
        ({"plane": (0, 1), "at": {"x": 1.0}}, "at: 'x' is an axis of the plane; give values of z"),
        ({"plane": (0, 1), "at": {"w": 1.0}}, "at: 'w' is unknown"),
        ({"plane": (0, 1), "at": {"z": np.nan}}, "at"),
        ({"plane": (0, 1), "at": [1.0, 2.0]}, "at: expected"),
        ({"at": {"z": 1.0}}, "give plane too"),
        ({"plane": (0, 1), "speed": "fast"}, "speed: got 'fast'"),
        ({"plane": (0, 1), "box": [[0, 1], [1, 0]]}, "box: the lower end 1 is not below"),
        ({"plane": (0, 1), "box": [[0, np.nan], [1, 2]]}, "box: 1 of 4 entries is not finite"),
        ({"plane": (0, 1), "box": [[-1e300, 1e300]] * 2}, "box: reaches 1e[+]300"),
        ({"plane": (0, 1), "box": [[0, 1]]}, "box: expected"),
    ],
)
def test_planes_that_are_none_are_refused(lorenz, options, sentence):
    with pytest.raises(InputError, match=sentence):
        phase_portrait(lorenz, detail=False, **options)


def test_fields_without_a_plane_to_cut_say_so(portrait):
    with pytest.raises(InputError, match="one coordinate .* plot_flow"):
        phase_portrait(problems.double_well(), plane=(0, 1))
    with pytest.raises(InputError, match="planar already"):
        phase_portrait(problems.van_der_pol(), plane=("x", "y"))
    with pytest.raises(InputError, match="a slice is flat"):
        plot_portrait_3d(portrait)
    with pytest.raises(InputError, match="plane: .* of a portrait with 2 coordinates"):
        plot_portrait(portrait, plane=(0, 2))


def shared_tints(numbers):
    colors = _tints(np.array(numbers))
    return len(colors) - len(set(colors))


def test_basins_side_by_side_differ_in_colour():
    assert _tints(np.array([0, 3, 7]))[1:] == [TINTS[3], TINTS[7]]
    assert shared_tints([7, 15, 31, 47, 63]) == shared_tints(range(len(TINTS))) == 0
    assert _tints(np.array([-5, -1, 8]))[:2] == [NOBODY, NOBODY] and len(_tints(np.arange(20))) == 20


def test_letters_of_a_slice_cover_no_marker():
    """Eight memories in three dimensions: the plane through three, whose markers are deep in a basin."""
    field = reduced_field(load_example("flipflop"))
    attractors = find_attractors(field)
    first, second, third = (point.kappa for point in attractors.points[:3])
    ways = second - first, third - first
    cut = phase_portrait(field, plane=ways, at=first, attractors=attractors)
    ax = plot_portrait(cut, new_figure()[1])
    widths = np.ptp(cut.box, axis=1)
    markers = cut.plane.coordinates(cut.fixed_points.kappa) / widths
    placed = {text.get_text(): np.array(text.xy) / widths for text in ax.texts if text.get_text().isalpha()}
    assert set(placed) == set("ABCD")
    for place in placed.values():
        assert np.linalg.norm(markers - place, axis=1).min() > 0.03


def test_many_basins_are_told_in_one_short_line():
    labels = np.repeat(np.arange(20), 20).reshape(20, 20)
    text = repr(Basins(np.arange(20.0), np.arange(20.0), labels, "capture"))
    assert text == "Basins(by capture: A 5%, B 5%, C 5%, D 5%, E 5%, F 5%, 14 others 70%)"
