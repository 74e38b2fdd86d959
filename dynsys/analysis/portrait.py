"""Phase portraits, the data of them; so far for one state variable: flow on a line."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from dynsys.analysis.fixed_points import FixedPoints, find_fixed_points
from dynsys.analysis.vector_field import check_field
from tasks.checks import as_array, check_count
from tasks.errors import InputError

# How far beyond the outermost fixed point the line is drawn, when no box is given.
MARGIN = 1.5


@dataclass(frozen=True, eq=False, repr=False)
class PhasePortrait:
    """The flow of a field at constant inputs.

    Parameters
    ----------
    kappa : ndarray (M,)
        Places on the line, ascending.
    flow : ndarray (M,)
        F there, in units of 1 / tau.
    fixed_points : FixedPoints
        All fixed points at these inputs.
    inputs : mapping of str to float
        The inputs.
    state : tuple of str
        Name of the coordinate.
    source : mapping
        Plain values that say which field it was.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> phase_portrait(field)
    PhasePortrait(401 places from -2.87251 to 2.87251, 3 fixed points)
    """

    kappa: np.ndarray
    flow: np.ndarray
    fixed_points: FixedPoints
    inputs: Mapping = dataclasses.field(default_factory=dict)
    state: tuple = ("kappa",)
    source: Mapping = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        kappa = as_array("kappa", self.kappa, (None,), "(M,)")
        if kappa.size == 0:
            raise InputError("kappa: a portrait needs at least one place")
        object.__setattr__(self, "kappa", kappa)
        object.__setattr__(self, "flow", as_array("flow", self.flow, kappa.shape, "(M,)"))
        for name in ("inputs", "source"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __repr__(self):
        span = " to ".join(f"{end:g}" for end in self.kappa[[0, -1]])
        return f"PhasePortrait({len(self.kappa)} places from {span}, {len(self.fixed_points)} fixed points)"


def phase_portrait(field, inputs=None, box=None, points=401, fixed_points=None):
    """The flow F(kappa) on a line, with its fixed points.

    Parameters
    ----------
    field : Field
        With one state variable.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    box : array_like (1, 2), optional
        Lower and upper end of the line; by default half as far again as the outermost fixed point.
    points : int, default 401
        Places on the line.
    fixed_points : FixedPoints, optional
        Those at the same inputs, if they are already known.

    Returns
    -------
    PhasePortrait

    Raises
    ------
    InputError
        A field with more than one state variable, or a box without width.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> phase_portrait(field, box=[[0, 1]], points=3).flow
    array([0.        , 0.42423431, 0.52318831])
    """
    check_field(field)
    if field.dimension != 1:
        raise InputError(f"field: flow on a line needs one state variable, this field has {field.dimension}")
    points = check_count("points", points, 2)
    found = find_fixed_points(field, inputs) if fixed_points is None else fixed_points
    low, high = _line(field, found) if box is None else as_array("box", box, (1, 2), "(R, 2)")[0]
    if not low < high:
        raise InputError(f"box: the lower end {low:g} is not below the upper end {high:g}")
    kappa = np.linspace(low, high, points)
    flow = field.rhs(kappa[:, None], inputs)[:, 0]
    given = dict(zip(field.inputs, field.input_vector(inputs).tolist()))
    return PhasePortrait(kappa, flow, found, given, field.state, field.source)


def _line(field, found):
    reach = MARGIN * np.abs(found.kappa).max(initial=0.0)
    if reach < 1e-6:
        box = field.trapping_box()
        reach = 1.0 if box is None else max(float(np.abs(box).max()), 1e-6)
    return -reach, reach
