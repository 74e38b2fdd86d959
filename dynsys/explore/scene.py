"""What the explorer shows at one moment: data, no drawing."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from dynsys.analysis.equilibria import FixedPoint
from dynsys.analysis.portrait import PhasePortrait
from tasks.results import keep_arrays

# A trajectory this near its end, as a share of the picture, has settled.
SETTLED = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class Scene:
    """A portrait, the trajectories that were clicked, the fixed point that was chosen, and a sentence.

    Parameters
    ----------
    state : tuple of str
        Names of the coordinates.
    box : ndarray (R, 2)
        What is shown.
    plane : tuple of int
        The two coordinates that are drawn; on a line (0, 0).
    inputs, parameters : mapping of str to float
        Values.
    portrait : PhasePortrait or None
        None where F is not finite at these values.
    trajectories : ndarray (K, T, R)
        From the starts that were clicked; NaN where one has ended.
    time : ndarray (T,)
        Their times.
    selected : FixedPoint or None
        The one that was chosen.
    message : str
        What there is to say: what went wrong, the eigenvalues of the chosen point, or what was found.
    time_unit : str
        Unit of time, such as "tau".

    Examples
    --------
    >>> Scene(("x", "y"), np.array([[-1.0, 1], [-1, 1]]), message="F is not finite here.")
    Scene(x, y: F is not finite here.)
    """

    state: tuple
    box: np.ndarray
    plane: tuple = (0, 1)
    inputs: Mapping = dataclasses.field(default_factory=dict)
    parameters: Mapping = dataclasses.field(default_factory=dict)
    portrait: PhasePortrait | None = None
    trajectories: np.ndarray = None
    time: np.ndarray = None
    selected: FixedPoint | None = None
    message: str = ""
    time_unit: str = ""

    def __post_init__(self):
        R = len(self.state)
        empty = {"trajectories": np.empty((0, 0, R)), "time": np.empty(0)}
        for name in empty:
            given = getattr(self, name)
            object.__setattr__(self, name, empty[name] if given is None else given)
        keep_arrays(self, box=float, trajectories=float, time=float)
        for name in ("inputs", "parameters"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def fixed_points(self):
        """tuple of FixedPoint : all of them, shown or not."""
        return () if self.portrait is None else tuple(self.portrait.fixed_points)

    @property
    def settled(self):
        """float : time after which no trajectory moves by more than a hundredth of the picture; 1 without."""
        if not self.trajectories.size:
            return 1.0
        last = np.array([path[np.isfinite(path).all(axis=1)][-1:].sum(axis=0) for path in self.trajectories])
        moved = np.abs(self.trajectories - last[:, None]) > SETTLED * np.diff(self.box, axis=1)[:, 0]
        late = np.flatnonzero(moved.any(axis=(0, 2)))
        return float(self.time[min(int(1.3 * (late[-1] + 2)) if len(late) else 1, len(self.time) - 1)])

    def __repr__(self):
        return f"Scene({', '.join(self.state)}: {self.message})"


def describe(point, state=("kappa",), time_unit=""):
    """A fixed point in one line: kind, place, eigenvalues.

    Examples
    --------
    >>> point = FixedPoint([0.5, 0], [-1 + 2j, -1 - 2j], np.eye(2), "stable focus", 1, 0.0, False)
    >>> describe(point, ("x", "y"))
    'stable focus at x = 0.5, y = 0; eigenvalues -1 + 2i, -1 - 2i; unstable in Euler steps'
    """
    place = ", ".join(f"{name} = {_short(value)}" for name, value in zip(state, point.kappa))
    unit = f" per {time_unit}" if time_unit else ""
    values = ", ".join(number(value) for value in point.eigenvalues)
    euler = "" if point.euler_stable in (None, point.stable) else "; unstable in Euler steps"
    return f"{point.kind} at {place}; eigenvalues {values}{unit}{euler}"


def overview(scene):
    """How many fixed points of which kind, and how many of them are outside the view.

    Examples
    --------
    >>> from dynsys.analysis import phase_portrait, reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> overview(Scene(("kappa",), [[-1, 1]], portrait=phase_portrait(field)))
    '3 fixed points: 2 stable nodes, 1 unstable node; 2 outside the picture'
    """
    points = scene.portrait.fixed_points
    counts = Counter(point.kind for point in points)
    kinds = ", ".join(f"{count} {_several(kind, count)}" for kind, count in counts.items())
    parts = [f"{len(points)} fixed point{'s' * (len(points) != 1)}" + (f": {kinds}" if kinds else "")]
    low, high = scene.box.T
    outside = sum(bool(((p.kappa < low) | (p.kappa > high)).any()) for p in points)
    if outside:
        parts.append(f"{outside} outside the picture")
    flow = scene.portrait.flow.reshape(len(scene.portrait.kappa), -1)
    missing = 1.0 - np.isfinite(flow).all(axis=1).mean()
    if missing:
        parts.append(f"F is not finite in {100 * missing:.2g} % of the picture")
    if points.continua:
        parts.append(f"{len(points.continua)} continuum of fixed points")
    if scene.portrait.cycles:
        parts.append(f"{len(scene.portrait.cycles)} cycle{'s' * (len(scene.portrait.cycles) != 1)}")
    if not points.status.ok:
        parts.append(points.message)
    return "; ".join(parts)


def _several(kind, count):
    if count == 1 or kind == "non-hyperbolic":
        return kind
    return kind.replace("focus", "foci") if kind.endswith("focus") else f"{kind}s"


def number(value):
    """A complex number in four digits, such as ``"-1 + 2i"``.

    Examples
    --------
    >>> number(-0.5 + 0j), number(1e-20 - 2j)
    ('-0.5', '1e-20 - 2i')
    """
    value = complex(value)
    if value.imag == 0 or np.isnan(value):
        return _short(value.real)
    return f"{_short(value.real)} {'+' if value.imag > 0 else '-'} {_short(abs(value.imag))}i"


def _short(value):
    return f"{value + 0.0:.4g}"
