"""The explorer without its face: values, clicks and choices go in, a `Scene` comes out.

Everything here runs without a notebook, gives the same result every time, and takes what a user does as it
comes: what cannot be done leaves the scene as it was, with a sentence that says why.
"""

from dataclasses import replace

import numpy as np

from dynsys.analysis.vector_field import check_flow
from dynsys.explore.ranges import slider_groups, slider_ranges
from dynsys.explore.scene import Scene, describe, overview
from dynsys.explore.views import paths_at, points_at, portrait_at, typical_duration, widest_box
from tasks.checks import as_array, check_count, check_number
from tasks.errors import DynsysError, InputError

# A click this near a fixed point, as a share of the view, chooses it.
NEAR = 0.03
# A chosen point is followed while a value changes, from one picture to the next at most so far.
FOLLOW = 0.25
# Trajectories that are kept, the latest ones.
MOST = 24


class PhasePlaneModel:
    """A field at the values of its sliders, with the trajectories and the fixed point that a user clicked.

    Parameters
    ----------
    field : Field
        The field, with any number of state variables.
    inputs : mapping of str to float, float or array_like (S,), optional
        Inputs to begin with; zero if left out.
    box : array_like (R, 2), optional
        What to show; by default what is needed at both ends of every input.
    plane : tuple of int, default (0, 1)
        Which two coordinates to show.
    ranges : mapping of str to (low, high), optional
        Ends of sliders, where those of `slider_ranges` do not do.
    duration : float, optional
        How long trajectories run, in the field's unit of time; by default about twenty crossings of the view.
    detail : bool, default False
        Whether to look for cycles, manifolds and basins too.
    sliced : bool, default False
        Whether to cut three or more dimensions along the plane, through the chosen fixed point or zero,
        rather than to project them.

    Attributes
    ----------
    scene : Scene
        What there is to draw; every method returns it.

    Raises
    ------
    InputError
        Here only: a field that is none, inputs, a plane or ends of sliders that do not fit it.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> model = PhasePlaneModel(field)
    >>> model.click(0.01, 0.0).message
    'unstable node at kappa = 0; eigenvalues 1 per tau'
    >>> model.set_parameter("gain", 0.4).message
    'stable node at kappa = 0; eigenvalues -0.2 per tau'
    >>> model.set_parameter("gian", 1.0).message
    "'gian': not a slider of this field; it has v, gain"
    """

    def __init__(
        self,
        field,
        inputs=None,
        box=None,
        plane=(0, 1),
        ranges=None,
        duration=None,
        detail=False,
        sliced=False,
    ):
        check_flow(field)
        self.field = field
        self.sliced = self._checked_slice(sliced)
        self.ranges = slider_ranges(field, inputs, ranges)
        self.groups = slider_groups(field)
        self.detail = bool(detail)
        self._inputs = dict(zip(field.inputs, field.input_vector(inputs).tolist()))
        self._first = field, dict(self._inputs)
        self._starts = np.empty((0, field.dimension))
        box = widest_box(field, self._inputs, self.ranges) if box is None else self._checked_box(box)
        self.scene = Scene(field.state, box, self._checked_plane(plane), time_unit=field.time_unit)
        self.duration = (
            typical_duration(field, self._inputs, box)
            if duration is None
            else check_number("duration", duration, above=0.0)
        )
        self._compute()

    def set_input(self, name, value):
        """Move the slider of an input.

        Parameters
        ----------
        name : str
            Its name.
        value : float
            Its new value.

        Returns
        -------
        Scene
        """
        return self._try(self._set, name, value)

    def set_parameter(self, name, value):
        """Move the slider of a parameter; as `set_input`."""
        return self._try(self._set, name, value)

    def click(self, x, y=0.0):
        """Choose the fixed point that is there, or start a trajectory.

        Parameters
        ----------
        x, y : float or None
            A place in the plane that is shown; on a line y does not matter. None is outside the picture.

        Returns
        -------
        Scene

        Notes
        -----
        In more than two dimensions a trajectory starts from the chosen fixed point's other coordinates, or
        from zero.
        """
        return self._try(self._click, x, y)

    def select(self, which=None):
        """Choose a fixed point by its number; None chooses none.

        Returns
        -------
        Scene
        """
        return self._try(self._select, which)

    def start(self, state):
        """Start a trajectory from a state (R,).

        Returns
        -------
        Scene
        """
        return self._try(self._start, state)

    def clear(self):
        """Take all trajectories away, and choose no fixed point.

        Returns
        -------
        Scene
        """
        self._starts = self._starts[:0]
        self.scene = replace(self.scene, trajectories=None, time=None, selected=None)
        return self._try(self._compute) if self.sliced else self._said()

    def reset(self):
        """Put every slider back to where it was at first.

        Returns
        -------
        Scene
        """
        self.field, self._inputs = self._first[0], dict(self._first[1])
        return self._try(self._compute)

    def zoom(self, box=None):
        """Show another box (R, 2); without one, the fixed points and where trajectories end now.

        Returns
        -------
        Scene
        """
        return self._try(self._zoom, box)

    def set_plane(self, i, j):
        """Show other two coordinates.

        Returns
        -------
        Scene
        """
        return self._try(self._set_plane, i, j)

    def set_slice(self, sliced):
        """Cut along the plane, or project onto it.

        Returns
        -------
        Scene
        """
        return self._try(self._set_slice, sliced)

    def set_detail(self, detail):
        """Look for cycles, manifolds and basins, or for the flow and fixed points alone, which is faster.

        Returns
        -------
        Scene
        """
        self.detail = bool(detail)
        return self._try(self._compute)

    @property
    def values(self):
        """dict of str to float : where every slider stands."""
        return {**self._inputs, **self.field.parameter_values}

    def _try(self, action, *arguments):
        try:
            action(*arguments)
        except (DynsysError, ArithmeticError, ValueError, TypeError) as error:
            self.scene = replace(self.scene, message=str(error))
        return self.scene

    def _set(self, name, value):
        if name not in self.ranges:
            raise InputError(f"{name!r}: not a slider of this field; it has {', '.join(self.ranges)}")
        if name in self._inputs:
            self._inputs = {**self._inputs, name: check_number(name, value)}
        else:
            self.field = self.field.with_values(**{name: value})
        self._compute()

    def _click(self, x, y):
        R, scene = self.field.dimension, self.scene
        axes = [0] if R == 1 else list(scene.plane)
        place = np.array([x] if R == 1 else [x, y], dtype=float)  # None becomes NaN
        if not np.isfinite(place).all():
            raise InputError("click inside the picture: on a fixed point, or where a trajectory shall start")
        widths = np.diff(scene.box[axes], axis=1)[:, 0]
        gaps = [np.abs((point.kappa[axes] - place) / widths).max() for point in scene.fixed_points]
        if gaps and min(gaps) <= NEAR:
            self._select(int(np.argmin(gaps)))
            return
        state = np.zeros(R) if scene.selected is None else np.array(scene.selected.kappa)
        state[axes] = place
        self._start(state)

    def _select(self, which):
        points = self.scene.fixed_points
        if which is not None and check_count("fixed point", which, 0) >= len(points):
            raise InputError(f"fixed point {which}: there are {len(points)}, counted from 0")
        self.scene = replace(self.scene, selected=None if which is None else points[which])
        if self.sliced:  # the plane goes through the chosen point
            self._compute()
        self._said()

    def _start(self, state):
        state = as_array("state", state, (self.field.dimension,), "(R,)")
        if self.scene.portrait is None:
            return
        flow, paths = paths_at(self.field, self._inputs, state[None], self.duration, self.scene.box)
        self._starts = np.concatenate([self._starts, state[None]])[-MOST:]
        if len(self._starts) > 1:
            paths = np.concatenate([self.scene.trajectories, paths])[-MOST:]
        self.scene = replace(self.scene, trajectories=paths, time=flow.time)
        self._said("" if flow.status.ok else flow.message)

    def _zoom(self, box):
        box = widest_box(self.field, self._inputs) if box is None else self._checked_box(box)
        self.scene = replace(self.scene, box=box)
        self._compute()

    def _set_plane(self, i, j):
        self.scene = replace(self.scene, plane=self._checked_plane((i, j)))
        if self.sliced:
            self._compute()
        self._said()

    def _set_slice(self, sliced):
        self.sliced = self._checked_slice(sliced)
        self._compute()

    def _compute(self):
        """The portrait at the present values, and the trajectories and the choice in it."""
        before, selected = self.scene, None
        given = self.field, self._inputs, before.box, self.detail
        try:
            points = points_at(*given)
            selected = self._followed(before, points)
            plane = before.plane if self.sliced else None
            portrait, problem = portrait_at(*given, points, plane, selected if self.sliced else None), ""
        except (DynsysError, ArithmeticError, ValueError) as error:
            portrait, selected, problem = None, None, f"nothing to show at these values: {error}"
        self.scene = replace(
            before, inputs=self._inputs, parameters=self.field.parameter_values, portrait=portrait,
            selected=selected, trajectories=None, time=None,
        )  # fmt: skip
        if portrait is not None and len(self._starts):
            flow, paths = paths_at(self.field, self._inputs, self._starts, self.duration, before.box)
            self.scene = replace(self.scene, trajectories=paths, time=flow.time)
            problem = "" if flow.status.ok else flow.message
        self._said(problem)

    def _followed(self, before, points):
        """The chosen point among the new ones: the nearest, if it is near."""
        if before.selected is None or not len(points):
            return None
        widths = np.diff(before.box, axis=1)[:, 0]
        gaps = np.abs((points.kappa - before.selected.kappa) / widths).max(axis=1)
        nearest = int(np.argmin(gaps))
        return points[nearest] if gaps[nearest] <= FOLLOW else None

    def _said(self, problem=""):
        scene = self.scene
        if problem or scene.portrait is None:
            message = problem or scene.message
        elif scene.selected is not None:
            message = describe(scene.selected, scene.state, scene.time_unit)
        else:
            message = overview(scene)
        self.scene = replace(scene, message=message)
        return self.scene

    def _checked_box(self, box):
        box = as_array("box", box, (self.field.dimension, 2), "(R, 2)")
        if not (box[:, 0] < box[:, 1]).all():
            raise InputError(f"box: a lower end is not below its upper end: {box.tolist()}")
        return box

    def _checked_slice(self, sliced):
        if sliced and self.field.dimension < 3:
            raise InputError(
                f"sliced: a slice needs three coordinates, this field has {', '.join(self.field.state)}"
            )
        return bool(sliced)

    def _checked_plane(self, plane):
        R = self.field.dimension
        if R == 1:
            return (0, 0)
        plane = tuple(plane)
        if len(plane) != 2 or plane[0] == plane[1] or not all(k in range(R) for k in plane):
            raise InputError(f"plane: {plane} is not two different numbers of coordinates from 0 to {R - 1}")
        return plane
