"""The explorer: its callbacks called as a notebook would, its picture looked at in pixels and artists."""

import builtins
import importlib
import sys

import ipywidgets
import numpy as np
import problems
import pytest
from matplotlib.backend_bases import MouseButton, MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dynsys.analysis import compile_field, reduced_field
from dynsys.explore import PhasePlaneModel, Scene, draw_scene, explore, slider_groups, slider_ranges
from dynsys.populations import fit_populations
from dynsys.symbolic import System, mean_field
from rnn import LowRankRNN, load_example, loadings
from tasks import InputError

SQUARE = [[-2.0, 2.0], [-2.0, 2.0]]
RADIAL = """
x' = r x - y - x (x^2 + y^2) + h
y' = x + r y - y (x^2 + y^2)
r = 0.25
input h
"""


@pytest.fixture(scope="module")
def hopf():
    """The normal form: a focus with eigenvalues r +- i, a cycle of radius sqrt(r)."""
    return compile_field(System.from_text(RADIAL))


@pytest.fixture(scope="module")
def romo():
    return compile_field(mean_field(fit_populations(loadings(load_example("romo-r2")))))


def picture(scene):
    figure = Figure(figsize=(5, 4), dpi=60)
    FigureCanvasAgg(figure).draw()
    draw_scene(scene, figure).canvas.draw()
    return figure


def mouse_press(canvas, x, y):
    return MouseEvent("button_press_event", canvas, x, y, MouseButton.LEFT)


def labels(figure):
    return set(figure.axes[0].get_legend_handles_labels()[1])


def test_a_click_starts_a_trajectory_that_obeys_the_equations(hopf):
    model = PhasePlaneModel(hopf, box=SQUARE, duration=30.0)
    scene = model.click(1.5, 0.5)
    assert scene.trajectories.shape == (1, len(scene.time), 2)
    radius = np.hypot(*scene.trajectories[0].T)
    start = 1.5**2 + 0.5**2  # r' = r/4 - r^3, closed form
    exact = np.sqrt(0.25 / (1 - (1 - 0.25 / start) * np.exp(-0.5 * scene.time)))
    np.testing.assert_allclose(radius, exact, atol=1e-5)
    assert len(model.click(-1.0, -1.0).trajectories) == 2
    assert model.clear().trajectories.size == 0


def test_a_click_on_a_fixed_point_shows_its_eigenvalues_and_follows_it(hopf):
    model = PhasePlaneModel(hopf, box=SQUARE)
    scene = model.click(0.02, -0.03)
    assert len(scene.trajectories) == 0 and scene.selected.kind == "unstable focus"
    np.testing.assert_allclose(scene.selected.eigenvalues, [0.25 + 1j, 0.25 - 1j], atol=1e-12)
    assert "0.25 + 1i" in scene.message
    scene = model.set_parameter("r", -0.5)
    assert scene.selected.kind == "stable focus" and "-0.5 + 1i" in scene.message
    scene = model.set_input("h", 0.3)  # moves the point: 0 = J x + (h, 0) to first order
    np.testing.assert_allclose(hopf.with_values(r=-0.5).rhs(scene.selected.kappa, 0.3), 0, atol=1e-12)
    assert 0.1 < np.hypot(*scene.selected.kappa) < 0.3
    assert model.select().selected is None and model.select(0).selected is model.scene.fixed_points[0]


def test_moving_a_slider_moves_trajectories_too(hopf):
    model = PhasePlaneModel(hopf, box=SQUARE, duration=60.0)
    before = model.click(1.0, 0.0).trajectories
    scene = model.set_parameter("r", -1.0)
    assert np.abs(scene.trajectories[0, -1]).max() < 1e-6 < np.abs(before[0, -1]).max()
    np.testing.assert_array_equal(model.reset().trajectories, before)
    assert dict(model.scene.parameters) == {"r": 0.25} and dict(model.scene.inputs) == {"h": 0.0}


def test_detail_brings_cycles_manifolds_and_basins(hopf):
    model = PhasePlaneModel(hopf, box=SQUARE)
    assert model.scene.portrait.cycles == () and model.scene.portrait.basins is None
    scene = model.set_detail(True)
    (cycle,) = scene.portrait.cycles
    np.testing.assert_allclose(np.hypot(*cycle.points.T), 0.5, atol=1e-8)
    assert scene.message.endswith("1 cycle") and scene.portrait.basins is not None
    assert model.set_detail(False).portrait.cycles == ()


def test_everything_is_the_same_twice(romo):
    scenes = []
    for _ in range(2):
        model = PhasePlaneModel(romo)
        model.click(1.0, 0.4)
        model.set_input("v", 0.7)
        model.set_parameter("sigma_m1n1", 1.5 * romo.parameter_values["sigma_m1n1"])
        scenes.append(model.select(0))
    first, second = scenes
    np.testing.assert_array_equal(first.trajectories, second.trajectories)
    np.testing.assert_array_equal(first.box, second.box)
    np.testing.assert_array_equal(first.selected.kappa, second.selected.kappa)
    assert first.message == second.message and str(first) == str(second)


@pytest.mark.parametrize(
    "what",
    [
        lambda model: model.click(None, None),
        lambda model: model.click(np.nan, 0.0),
        lambda model: model.click("here", object()),
        lambda model: model.click([0, 1], 2),
        lambda model: model.set_input("nothing", 1.0),
        lambda model: model.set_input(["h"], 1.0),
        lambda model: model.set_input("h", np.inf),
        lambda model: model.set_input("h", "much"),
        lambda model: model.set_parameter("r", None),
        lambda model: model.select(7),
        lambda model: model.select(-1),
        lambda model: model.select("first"),
        lambda model: model.start([1.0]),
        lambda model: model.start(["a", "b"]),
        lambda model: model.zoom([[1, -1], [0, 1]]),
        lambda model: model.zoom([[0, np.nan], [0, 1]]),
        lambda model: model.set_plane(0, 0),
        lambda model: model.set_plane("x", None),
    ],
)
def test_what_cannot_be_done_changes_nothing_but_the_message(hopf, what):
    model = PhasePlaneModel(hopf, box=SQUARE)
    before = model.click(1.0, 1.0)
    after = what(model)
    assert isinstance(after, Scene) and after.message and after.message != before.message
    assert after.portrait is before.portrait and after.trajectories is not None
    np.testing.assert_array_equal(after.trajectories, before.trajectories)
    assert model.values == {"h": 0.0, "r": 0.25}
    assert model.click(0.5, 0.5).message == before.message  # and one can go on


def test_values_without_a_flow_say_so_and_can_be_left_again(romo):
    """A negative variance: the picture says it, and moving back brings the flow back."""
    model = PhasePlaneModel(romo)
    model.click(0.5, 0.2)
    bad = model.set_parameter("sigma_m1m1", -5.0)
    assert bad.portrait is None or not np.isfinite(bad.portrait.flow).all()
    assert model.click(0.3, 0.3) is model.scene
    assert picture(model.scene).axes
    good = model.reset()
    assert good.portrait is not None and np.isfinite(good.trajectories).all()


def test_a_field_that_is_finite_nowhere_is_said_in_the_picture():
    model = PhasePlaneModel(compile_field(System.from_text("x' = -x + log(a), y' = -y, a = 1")), box=SQUARE)
    scene = model.set_parameter("a", -1.0)
    assert scene.portrait is None and "not finite" in scene.message and "a = -1" in scene.message
    assert model.click(0.3, 0.3).portrait is None and model.select(0).portrait is None
    (ax,) = picture(scene).axes
    assert any("not finite" in text.get_text() for text in ax.texts)
    assert model.set_parameter("a", 1.0).message == "1 fixed point: 1 stable node"


def test_where_half_of_the_picture_has_no_flow_the_other_half_is_drawn():
    model = PhasePlaneModel(compile_field(System.from_text("x' = log(x), y' = -y")), box=SQUARE)
    assert "1 fixed point: 1 saddle" in model.scene.message and "not finite in 5" in model.scene.message
    assert picture(model.click(0.5, 1.0)).axes and np.isfinite(model.scene.trajectories[0, 0]).all()


def test_a_trajectory_that_blows_up_is_drawn_as_far_as_it_goes():
    model = PhasePlaneModel(
        compile_field(System.from_text("x' = x^2 + 1, y' = -y")), box=SQUARE, duration=50.0
    )
    scene = model.click(0.0, 1.0)
    assert "ended early, the first at t = 1.5708" in scene.message
    shown = np.isfinite(scene.trajectories[0]).all(axis=1)
    np.testing.assert_allclose(scene.trajectories[0, shown, 0], np.tan(scene.time[shown]), rtol=1e-4)
    assert picture(scene).axes


def test_one_dimension_has_its_own_picture():
    model = PhasePlaneModel(problems.double_well(), box=[[-2, 2]])
    scene = model.click(0.5, 123.0)
    assert abs(scene.trajectories[0, -1, 0] - 1.0) < 1e-6
    assert model.click(0.01).selected.kind == "unstable node"
    figure = picture(model.scene)
    assert [ax.get_xlabel() for ax in figure.axes] == ["$x$", "time"]
    assert model.set_parameter("slope", 1.0).message.startswith("1 fixed point")  # beyond the fold


def test_three_dimensions_are_projected():
    model = PhasePlaneModel(problems.lorenz(10.0), box=[[-12, 12], [-12, 12], [-5, 20]], plane=(0, 2))
    root = np.sqrt(8 / 3 * 9)  # fixed points +-(root, root, 9) and 0
    scene = model.click(root, 9.0)
    np.testing.assert_allclose(scene.selected.kappa, [root, root, 9], atol=1e-8)
    scene = model.click(1.0, 2.0)
    np.testing.assert_allclose(scene.trajectories[0, 0], [1.0, root, 2.0], atol=1e-8)
    assert picture(scene).axes[0].get_ylabel().strip("$") == "z"
    assert (
        model.set_plane(1, 0).plane == (1, 0) and picture(model.scene).axes[0].get_ylabel().strip("$") == "x"
    )


def test_three_dimensions_are_cut_along_the_plane():
    """The plane goes through zero, or through the fixed point that was chosen, and follows it."""
    box = [[-12, 12], [-12, 12], [-5, 20]]
    model = PhasePlaneModel(problems.lorenz(10.0), box=box, plane=(0, 2), sliced=True)
    assert model.scene.portrait.plane.place == "y = 0" and len(model.scene.portrait.nullclines) > 1
    root = np.sqrt(8 / 3 * 9)
    scene = model.click(root, 9.0)
    np.testing.assert_allclose(scene.portrait.plane.origin, [0, root, 0], atol=1e-8)
    assert scene.portrait.on_plane.sum() == 1 and scene.message.startswith("stable focus at x = 4.899")
    scene = model.set_parameter("rho", 11.0)
    np.testing.assert_allclose(scene.portrait.plane.origin[1], np.sqrt(8 / 3 * 10), atol=1e-8)
    scene = model.click(1.0, 2.0)
    np.testing.assert_allclose(scene.trajectories[0, 0], [1.0, np.sqrt(8 / 3 * 10), 2.0], atol=1e-8)
    assert {"no flow along $x$", "trajectory", "stable focus"} <= labels(picture(scene))
    assert model.set_plane(1, 0).portrait.plane.labels == ("y", "x")
    assert picture(model.scene).axes[0].get_xlabel() == "$y$"
    scene = model.clear()
    assert scene.selected is None and not len(scene.trajectories) and scene.portrait.plane.place == "z = 0"
    assert model.set_slice(False).portrait.plane is None and not model.sliced
    view = explore(problems.lorenz(10.0), box=box, clicks=False)
    view._slice.value = True
    assert view.model.sliced and view.model.scene.portrait.plane is not None


def test_a_plane_is_not_cut(hopf):
    model = PhasePlaneModel(hopf)
    assert "a slice needs three coordinates" in model.set_slice(True).message and not model.sliced
    with pytest.raises(InputError, match="sliced"):
        PhasePlaneModel(hopf, sliced=True)


def test_the_picture_shows_what_was_chosen(hopf):
    model = PhasePlaneModel(problems.duffing(), box=SQUARE)
    model.click(1.5, 0.5)
    model.click(0.0, 0.0)
    figure = picture(model.scene)
    assert {"trajectory", "saddle", "stable direction", "unstable direction"} <= labels(figure)
    (text,) = [text.get_text() for text in figure.axes[0].texts]
    assert text.split("\n") == ["saddle", "1", "\u22121"]
    again = picture(model.scene)
    np.testing.assert_array_equal(
        np.asarray(figure.canvas.buffer_rgba()), np.asarray(again.canvas.buffer_rgba())
    )


def test_the_view_has_what_the_sliders_bring():
    """At gain 2 and input +-1 the states are wider apart than without input."""
    ones = np.ones(4)
    field = reduced_field(LowRankRNN(ones, 2 * ones, ones, ones))
    ((low, high),) = PhasePlaneModel(field).scene.box
    assert low < -2 * np.tanh(2.9) and high > 2 * np.tanh(2.9)
    assert "outside the picture" in PhasePlaneModel(field, box=[[-0.5, 0.5]]).scene.message


def test_sliders_by_kind_and_reach(romo):
    groups, ranges = slider_groups(romo), slider_ranges(romo)
    assert list(groups) == ["inputs", "gain", "covariances", "means"]
    assert sorted(name for names in groups.values() for name in names) == sorted(ranges)
    assert ranges["v"] == (-1.0, 1.0) and ranges["gain"] == (0.0, 2.0)
    value = romo.parameter_values["sigma_m1n1"]
    assert ranges["sigma_m1n1"] == (value - 2 * abs(value), value + 2 * abs(value))
    assert ranges["sigma_m1m1"][0] == 0.0
    for wrong in ({"u": (0, 1)}, {"v": (1, 0)}, {"v": 3}, {"v": (0, np.inf)}, [1]):
        with pytest.raises(InputError, match="ranges"):
            slider_ranges(romo, ranges=wrong)


def test_wrong_arguments_are_refused_at_once(hopf):
    for wrong in (
        lambda: PhasePlaneModel("romo"),
        lambda: PhasePlaneModel(hopf, box=[[0, 0], [0, 1]]),
        lambda: PhasePlaneModel(hopf, plane=(0, 2)),
        lambda: PhasePlaneModel(hopf, duration=0.0),
        lambda: PhasePlaneModel(hopf, inputs={"g": 1}),
        lambda: explore(hopf, sliders=["q"]),
    ):
        with pytest.raises(InputError):
            wrong()


def test_the_widget_passes_on_what_is_done_to_it(hopf):
    view = explore(hopf, box=SQUARE, ranges={"r": (-1, 1)}, clicks=False)
    assert set(view.sliders) == {"h", "r"} and isinstance(view, ipywidgets.Widget)
    first = view._picture.value
    view.sliders["r"].value = -0.5
    assert view.model.values["r"] == -0.5 and view._picture.value != first
    view._points.value = 0
    assert "-0.5 + 1i" in view._said.value and view.model.scene.selected is not None
    view.sliders["h"].value = 0.1
    assert view._points.value == 0  # the chosen point stays chosen
    view._start.value = "1.0, 0.5"
    assert len(view.model.scene.trajectories) == 1
    view._start.value = "one"
    assert "expected real numbers" in view._said.value
    view._detail.value = True
    assert view.model.detail
    view._reset()
    assert view.sliders["r"].value == 0.25 and view.model.values["r"] == 0.25


def test_names_reach_the_page_escaped(hopf):
    view = explore(hopf, clicks=False)
    view._then(view.model.set_input, "<script>alert(1)</script>", 1.0)
    assert "<script" not in view._said.value and "&lt;script" in view._said.value


@pytest.mark.parametrize("clicks", [False, True])
def test_clicks_of_the_mouse_reach_the_model(hopf, clicks):
    if clicks:
        pytest.importorskip("ipympl")
    view = explore(hopf, box=SQUARE, clicks=clicks)
    canvas = view.figure.canvas
    press = canvas.callbacks.process if clicks else lambda name, event: view._clicked(event)
    canvas.draw()
    for place, count in (((1.5, 0.5), 1), ((0.0, 0.0), 1), ((-1.0, 1.0), 2)):
        at = view.figure.axes[0].transData.transform(place)
        press("button_press_event", mouse_press(canvas, *at))
        assert len(view.model.scene.trajectories) == count
    np.testing.assert_allclose(view.model.scene.trajectories[1, 0], [-1.0, 1.0], atol=1e-9)
    press("button_press_event", mouse_press(canvas, 1, 1))
    assert "inside the picture" in view._said.value


def test_without_ipywidgets_the_error_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.split(".")[0] == "ipywidgets":
            raise ImportError(f"No module named {name!r}")
        return real(name, *arguments, **options)

    monkeypatch.delitem(sys.modules, "dynsys.explore.widget")
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install \"dynsys-rnn\[notebooks\]\""):
        importlib.import_module("dynsys.explore.widget")
