"""The explorer in a notebook: sliders, a plane to click in, a line of text. What they do is in `model`."""

import io
from base64 import b64encode
from contextlib import suppress
from html import escape

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dynsys.explore.drawing import SIZE, draw_scene
from dynsys.explore.model import PhasePlaneModel
from tasks.errors import InputError

try:
    import ipywidgets
except ImportError as error:
    raise ImportError(
        "dynsys.explore: the explorer needs ipywidgets, and ipympl for clicks; "
        'pip install "dynsys-rnn[notebooks]" brings both. '
        "PhasePlaneModel and draw_scene work without them."
    ) from error
try:
    from ipympl.backend_nbagg import Canvas, FigureManager
except ImportError:  # sliders work without clicks
    Canvas = FigureManager = None

DPI = 100
STEPS = 200
NO_CLICKS = "For clicks in the picture install ipympl; until then type where a trajectory starts."


def explore(
    field,
    inputs=None,
    box=None,
    plane=(0, 1),
    ranges=None,
    duration=None,
    detail=False,
    sliders=None,
    clicks=True,
    sliced=False,
):
    """Explore the phase plane of a field in a notebook.

    A slider for every input and parameter. A click starts a trajectory; a click on a fixed point shows its
    eigenvalues and follows it while the sliders move.

    Parameters
    ----------
    field : Field
        From `compile_field` or `reduced_field`, with any number of state variables.
    inputs, box, plane, ranges, duration, detail, sliced
        As in `PhasePlaneModel`.
    sliders : sequence of str, optional
        Inputs and parameters that get a slider; all of them if left out.
    clicks : bool, default True
        Whether to make a picture that can be clicked, which needs ipympl; otherwise it is a plain image.

    Returns
    -------
    Explorer
        A widget, which a notebook shows by itself.

    Raises
    ------
    ImportError
        Without ipywidgets.
    InputError
        As in `PhasePlaneModel`, and sliders that the field does not have.

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> view = explore(field, clicks=False)
    >>> view.sliders["gain"].value = 0.4
    >>> view.model.scene.message
    '1 fixed point: 1 stable node'
    """
    model = PhasePlaneModel(field, inputs, box, plane, ranges, duration, detail, sliced)
    return Explorer(model, sliders, clicks)


class Explorer(ipywidgets.VBox):
    """The widget: it passes on what the user does to a `PhasePlaneModel` and draws what comes back.

    Parameters
    ----------
    model : PhasePlaneModel
        What it shows.
    sliders : sequence of str, optional
        As in `explore`.
    clicks : bool, default True
        As in `explore`.

    Attributes
    ----------
    model : PhasePlaneModel
    figure : matplotlib.figure.Figure
        The picture.
    sliders : dict of str to ipywidgets.FloatSlider
        By name.

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> list(Explorer(PhasePlaneModel(field), clicks=False).sliders)
    ['v', 'gain']
    """

    def __init__(self, model, sliders=None, clicks=True):
        self.model = model
        wanted = tuple(model.ranges) if sliders is None else tuple(sliders)
        unknown = [name for name in wanted if name not in model.ranges]
        if unknown:
            raise InputError(f"sliders: {unknown} unknown; this field has {', '.join(model.ranges)}")
        self.sliders = {name: self._slider(name) for name in wanted}
        self._quiet = False
        self._said = ipywidgets.HTML()
        self.figure = Figure(figsize=SIZE, dpi=DPI)
        self._clickable = bool(clicks and Canvas is not None)
        self._picture = self._canvas() if self._clickable else self._image()
        side = ipywidgets.VBox([*self._groups(), *self._controls()], layout={"flex": "1 1 280px"})
        both = ipywidgets.HBox([self._picture, side], layout={"flex_flow": "row wrap"})
        super().__init__([both, self._said])
        self._show()

    def __repr__(self):
        return f"Explorer({', '.join(self.model.scene.state)}; {len(self.sliders)} sliders)"

    def _repr_mimebundle_(self, **options):
        """What a notebook shows: the widget, and where no kernel runs the picture as it was."""
        bundle = super()._repr_mimebundle_(**options)
        if isinstance(bundle, dict):
            bundle["image/png"] = b64encode(self._png()).decode()
        return bundle

    def _slider(self, name):
        low, high = self.model.ranges[name]
        slider = ipywidgets.FloatSlider(
            value=self.model.values[name], min=low, max=high, step=(high - low) / STEPS, description=name,
            readout_format=".3g", style={"description_width": "90px"}, layout={"width": "auto"},
        )  # fmt: skip
        slider.observe(self._moved, "value")
        return slider

    def _groups(self):
        """Sliders by kind, the first two kinds open at once, the others to be unfolded."""
        groups = {
            title: [self.sliders[name] for name in names if name in self.sliders]
            for title, names in self.model.groups.items()
        }
        boxes = [(title, ipywidgets.VBox(found)) for title, found in groups.items() if found]
        unfold = ipywidgets.Accordion(
            [box for _, box in boxes], titles=[title for title, _ in boxes], selected_index=0
        )
        return (unfold,) if boxes else ()

    def _controls(self):
        self._points = ipywidgets.Dropdown(description="fixed point", options=[("none", None)])
        self._points.observe(self._chosen, "value")
        self._detail = ipywidgets.Checkbox(
            self.model.detail, description="cycles, manifolds, basins", indent=False
        )
        self._detail.observe(lambda change: self._then(self.model.set_detail, change["new"]), "value")
        buttons = []
        for text, action in (("clear", self.model.clear), ("fit view", self.model.zoom)):
            button = ipywidgets.Button(description=text, layout={"width": "auto"})
            button.on_click(lambda _, action=action: self._then(action))
            buttons.append(button)
        back = ipywidgets.Button(description="reset sliders", layout={"width": "auto"})
        back.on_click(lambda _: self._reset())
        R = self.model.field.dimension
        planes = []
        if R > 2:
            state = self.model.field.state
            options = [(f"{state[i]}, {state[j]}", (i, j)) for i in range(R) for j in range(R) if i < j]
            self._plane = ipywidgets.Dropdown(
                description="plane", options=options, value=tuple(sorted(self.model.scene.plane))
            )
            self._plane.observe(lambda change: self._then(self.model.set_plane, *change["new"]), "value")
            self._slice = ipywidgets.Checkbox(
                self.model.sliced, description="cut along the plane", indent=False
            )
            self._slice.observe(lambda change: self._then(self.model.set_slice, change["new"]), "value")
            planes = [self._plane, self._slice]
        typed = [] if self._clickable else [self._typed()]
        return [*planes, self._points, self._detail, ipywidgets.HBox([*buttons, back]), *typed]

    def _typed(self):
        """A line for the start of a trajectory, where nothing can be clicked."""
        self._start = ipywidgets.Text(
            description="start at", placeholder=", ".join(self.model.field.state), continuous_update=False
        )
        self._start.observe(self._entered, "value")
        return self._start

    def _canvas(self):
        canvas = Canvas(self.figure)
        FigureManager(canvas, 0)
        canvas.header_visible = canvas.footer_visible = False
        canvas.mpl_connect("button_press_event", self._clicked)
        canvas.mpl_connect("button_release_event", self._zoomed)
        return canvas

    def _image(self):
        FigureCanvasAgg(self.figure)
        return ipywidgets.Image(format="png", width=int(SIZE[0] * DPI))

    def _moved(self, change):
        if not self._quiet:
            self._then(self.model.set_parameter, change["owner"].description, change["new"])

    def _chosen(self, change):
        if not self._quiet:
            self._then(self.model.select, change["new"])

    def _entered(self, change):
        words = change["new"].replace(",", " ").split()
        with suppress(ValueError):  # the model says what it wants instead
            words = [float(word) for word in words]
        if words:
            self._then(self.model.start, words)

    def _clicked(self, event):
        toolbar = self.figure.canvas.toolbar
        first = self.figure.axes[0] if self.figure.axes else None
        if toolbar is None or not toolbar.mode:
            inside = event.inaxes is not None and event.inaxes is first
            self._then(self.model.click, *((event.xdata, event.ydata) if inside else (None, None)))

    def _zoomed(self, event):
        """After the toolbar's zoom or pan, compute what is now shown."""
        toolbar = self.figure.canvas.toolbar
        if toolbar is None or not toolbar.mode or not self.figure.axes:
            return
        ax, scene = self.figure.axes[0], self.model.scene
        box = scene.box.copy()
        box[scene.plane[0]] = ax.get_xlim()
        if len(scene.state) > 1:
            box[scene.plane[1]] = ax.get_ylim()
        self._then(self.model.zoom, box)

    def _reset(self):
        self.model.reset()
        self._show()

    def _then(self, action, *arguments):
        action(*arguments)
        self._show()

    def _show(self):
        """Draw the scene; sliders and the list of fixed points follow without calling back."""
        scene = self.model.scene
        self._quiet = True
        for name, slider in self.sliders.items():
            if slider.value != self.model.values[name]:
                slider.value = self.model.values[name]
        names = [("none", None)] + [(f"{k}: {point.kind}", k) for k, point in enumerate(scene.fixed_points)]
        chosen = next((k for k, point in enumerate(scene.fixed_points) if point is scene.selected), None)
        self._points.options = names
        self._points.value = chosen
        self._quiet = False
        hint = "" if Canvas is not None else f"<br><i>{NO_CLICKS}</i>"
        self._said.value = f"{escape(scene.message)}{hint}"
        draw_scene(scene, self.figure)
        if self._clickable:
            self._picture.draw_idle()
        else:
            self._picture.value = self._png()

    def _png(self):
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=DPI)
        return buffer.getvalue()
