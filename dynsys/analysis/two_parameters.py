"""Diagrams in two parameters: all curves of bifurcations, and what lives in the regions between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from dynsys.analysis.bifurcation_curve import MODES, continue_curve
from dynsys.analysis.curve import make_curve
from dynsys.analysis.diagram import bifurcation_diagram
from dynsys.analysis.fixed_points import find_fixed_points
from tasks.checks import check_count
from tasks.errors import InputError, Status

# Values of each parameter along which diagrams are made to find curves; pixels that tell regions apart.
LINES, PIXELS = 5, 240
# Regions of fewer pixels are not looked into.
SMALLEST = 12
# How close (in units of the spans) a curve passes a point that lies on it.
ON_CURVE = 1e-3


class Region(NamedTuple):
    """A region of constant dynamics: a point well inside it, its share of the area, and what is there.

    ``counts`` are numbers of fixed points by kind at that point, ``label`` says them in words; ``checked`` is
    whether a second point of the region has the same.
    """

    place: np.ndarray
    area: float
    counts: dict
    label: str
    checked: bool


@dataclass(frozen=True, eq=False, repr=False)
class TwoParameterDiagram:
    """Curves of folds, Hopf points and branch points in a rectangle, and the regions between them.

    Parameters
    ----------
    parameters : tuple of two str
        Names; the first is the horizontal one.
    spans : ndarray (2, 2)
        Lowest and highest value of each.
    curves : tuple of BifurcationCurve
        Each once; their values are in the order of `parameters`.
    regions : tuple of Region
        From the largest to the smallest.
    labels : ndarray of int (K, K)
        Region of each pixel (rows: second parameter, upwards), -1 on curves and in regions too small.
    status : Status
        COMPLETED, or INTERRUPTED by Ctrl-C with what was found so far.
    message : str
        What was searched.
    inputs : mapping
        Inputs that were held.

    Examples
    --------
    >>> nothing = np.zeros((2, 2), dtype=int)
    >>> TwoParameterDiagram(("a", "b"), np.array([[0, 1], [0, 1]]), (), (), nothing, Status.COMPLETED)
    TwoParameterDiagram in a, b: 0 curves, 0 regions
    """

    parameters: tuple
    spans: np.ndarray
    curves: tuple
    regions: tuple
    labels: np.ndarray
    status: Status
    message: str = ""
    inputs: Mapping = field(default_factory=dict)

    @property
    def special_points(self):
        """tuple of CodimensionTwoPoint : of all curves, each once for each curve that it lies on."""
        return tuple(point for curve in self.curves for point in curve.special_points)

    def __repr__(self):
        what = f"{len(self.curves)} curve{'s' * (len(self.curves) != 1)}"
        what += f", {len(self.regions)} region{'s' * (len(self.regions) != 1)}"
        lines = [f"TwoParameterDiagram in {', '.join(self.parameters)}: {what}"]
        lines += [f"  {region.label} ({100 * region.area:.1f} % of the area)" for region in self.regions]
        return "\n".join(lines + [f"  {point}" for point in self.special_points])


def two_parameter_diagram(field, parameters, spans, inputs=None, lines=LINES, rng=None):
    """Find all curves of bifurcations in a rectangle, and the number and kinds of fixed points between them.

    Diagrams along lines in both directions give points; each is followed unless it lies on a curve already.
    Then a point inside each region is searched for fixed points, and a second one to check.

    Parameters
    ----------
    field : Field
        The field.
    parameters : (str, str)
        Two parameters or inputs.
    spans : ((float, float), (float, float))
        Their lowest and highest values.
    inputs : optional
        Constant inputs, as in `find_fixed_points`.
    lines : int, default 5
        Lines in each direction.
    rng : numpy.random.Generator or int, optional
        As in `find_fixed_points`.

    Returns
    -------
    TwoParameterDiagram

    Raises
    ------
    InputError
        An unknown or repeated parameter, a bad span.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    >>> found = two_parameter_diagram(field, ("v", "gain"), ((-0.9, 1), (0.1, 1.5)), lines=3)
    >>> [region.label for region in found.regions]
    ['1 stable node', '2 stable nodes, 1 unstable node']
    """
    first, second = parameters
    lines = check_count("lines", lines, 1)
    if field.step is not None:
        raise InputError(
            "field: curves in two parameters are those of a flow; give the field that the map was made from, "
            "whose folds and branch points are the map's"
        )
    if first == second:
        raise InputError(f"parameters: {first!r} is named twice; name two")
    spans = np.array([make_curve(field, name, span, inputs).span[0] for name, span in zip(parameters, spans)])
    curves, status = [], Status.COMPLETED
    try:
        for k, (own, other) in enumerate(((first, second), (second, first))):
            low, high = spans[1 - k]
            for share in (np.arange(lines) + 0.436) / lines:
                here, u = _at(field, inputs, {other: low + share * (high - low)})
                diagram = bifurcation_diagram(here, own, tuple(spans[k]), u, rng=rng, cycles=False)
                for special in diagram.special_points:
                    place = _ordered(special.value, low + share * (high - low), k)
                    if special.kind in MODES and not any(_passes(c, special, place, spans) for c in curves):
                        _add(curves, here, special, other, spans, k, u)
    except KeyboardInterrupt:  # the curves that were found are kept
        status = Status.INTERRUPTED
    labels, count = _pixels(curves, spans)
    regions, labels = _regions(field, inputs, parameters, spans, labels, count, rng)
    checked = sum(region.checked for region in regions)
    message = f"diagrams along {2 * lines} lines; {checked} of {len(regions)} regions the same at two places"
    held = dict(zip(field.inputs, field.input_vector(inputs).tolist()))
    held = {name: value for name, value in held.items() if name not in parameters}
    return TwoParameterDiagram(
        (first, second), spans, tuple(curves), tuple(regions), labels, status, message, held
    )


def _at(field, inputs, values):
    """The field and inputs with some parameters or inputs at these values."""
    u = dict(zip(field.inputs, field.input_vector(inputs).tolist()))
    u |= {name: value for name, value in values.items() if name in u}
    return field.with_values(**{n: v for n, v in values.items() if n in field.parameters}), u


def _ordered(own, other, k):
    return np.array([own, other] if k == 0 else [other, own])


def _add(curves, field, special, other, spans, k, u):
    """Follow a point; what the second parameter unfolds is a point and no curve."""
    try:
        curve = continue_curve(field, special, other, tuple(spans[1 - k]), tuple(spans[k]), u)
    except InputError:
        return
    curves.append(curve if k == 0 else curve.turned())


def _passes(curve, special, place, spans):
    """Whether a curve of this kind goes through a point, in parameters and state."""
    same = {"cusp": "fold", "Hopf": "Hopf", "fold": "fold"}.get(special.kind, "branch point")
    if curve.kind != same or len(curve) < 2:
        return False
    size = np.maximum(1.0, np.abs(special.kappa))
    points = np.column_stack([curve.values / np.diff(spans).T, curve.kappa / size])
    target = np.concatenate([place / np.diff(spans)[:, 0], special.kappa / size])
    start, step = points[:-1], np.diff(points, axis=0)
    share = ((target - start) * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1e-300)
    spot = start + np.clip(share, 0, 1)[:, None] * step
    return bool(np.linalg.norm(target - spot, axis=1).min() < ON_CURVE)


def _pixels(curves, spans):
    """Connected regions between the curves on a grid of pixels, and their number."""
    free = np.ones((PIXELS, PIXELS), dtype=bool)
    for curve in curves:
        unit = (curve.values - spans[:, 0]) / np.diff(spans).T * (PIXELS - 1)
        for a, b, valid in zip(unit[:-1], unit[1:], curve.valid[:-1] & curve.valid[1:]):
            if valid:
                share = np.linspace(0, 1, int(2 * np.abs(b - a).max()) + 2)[:, None]
                x, y = np.rint(a + share * (b - a)).astype(int).T
                inside = (x >= 0) & (x < PIXELS) & (y >= 0) & (y < PIXELS)
                free[y[inside], x[inside]] = False
    return ndimage.label(free)


def _regions(field, inputs, parameters, spans, labels, count, rng):
    """Fixed points in the middle of each region, and at a second place of it."""
    found, numbers = [], np.full(labels.shape, -1)
    for label in range(1, count + 1):
        inside = labels == label
        if inside.sum() < SMALLEST:
            continue
        depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
        middle = np.unravel_index(depth.argmax(), depth.shape)
        rows, columns = np.nonzero(inside & (depth >= 0.5 * depth.max()))
        far = np.argmax((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2)
        kinds = []
        for row, column in (middle, (rows[far], columns[far])):
            place = spans[:, 0] + np.array([column, row]) / (PIXELS - 1) * np.diff(spans)[:, 0]
            here, u = _at(field, inputs, dict(zip(parameters, place.tolist())))
            points = find_fixed_points(here, u, rng=rng)
            kinds.append((place, _counts(points)))
        (place, counts), (_, others) = kinds
        found.append((inside, Region(place, float(inside.mean()), counts, _label(counts), counts == others)))
    found.sort(key=lambda pair: -pair[1].area)
    for k, (inside, _) in enumerate(found):
        numbers[inside] = k
    return [region for _, region in found], numbers


def _counts(points):
    """Numbers by kind; a node and a focus of one stability are the same in a diagram of bifurcations."""
    kinds = [point.kind.replace("focus", "node") for point in points]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _label(counts):
    if not counts:
        return "no fixed point"
    order = sorted(counts, key=lambda kind: (not kind.startswith("stable"), kind))
    listed = ", ".join(f"{counts[kind]} {kind}{'s' * (counts[kind] > 1)}" for kind in order)
    return listed if "stable node" in counts else f"{listed}; no stable one"
