"""Diagrams in two parameters: all curves of bifurcations, and what lives in the regions between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynsys.analysis.bifurcation_curve import MODES, continue_curve
from dynsys.analysis.curve import make_curve
from dynsys.analysis.curve_images import passes, with_images
from dynsys.analysis.diagram import bifurcation_diagram
from dynsys.analysis.fixed_points import find_fixed_points
from dynsys.analysis.map_curve import MAP_KINDS
from dynsys.analysis.mirrors import mirrors_of_all
from dynsys.analysis.parameter_regions import connected_pixels, describe_regions
from dynsys.analysis.two_parameter_cycles import add_cycle_curves
from rnn.interrupts import interrupts_held
from tasks.checks import check_count, choose
from tasks.errors import InputError, Status

# Values of each parameter along which diagrams are made to find curves.
LINES = 5
# Cycles are looked for in up to so many dimensions, unless they are asked for: in six a place takes a second.
CYCLES_UP_TO = 3
# Times that curves are looked for, and lines after the first time.
ROUNDS, MORE = 3, 8
# Points that are listed in a message.
LISTED = 3


@dataclass(frozen=True, eq=False, repr=False)
class TwoParameterDiagram:
    """Curves of folds, Hopf points and branch points in a rectangle, and the regions between them.

    Where cycles are looked for also curves of their folds, period doublings, torus points and ends at
    homoclinic orbits.

    Of a map the curves are of folds, flips, Neimark-Sacker points and branch points.

    Parameters
    ----------
    parameters : tuple of two str
        Names; the first is the horizontal one.
    spans : ndarray (2, 2)
        Lowest and highest value of each.
    curves : tuple of BifurcationCurve
        Each once, and one of those that are mirror images; their values are in the order of `parameters`.
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
    source : mapping
        Plain values that say which field it was.

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
    source: Mapping = field(default_factory=dict)

    @property
    def special_points(self):
        """tuple of CodimensionTwoPoint : of all curves, each once for each curve that it lies on."""
        return tuple(point for curve in self.curves for point in curve.special_points)

    def __repr__(self):
        what = f"{len(self.curves)} curve{'s' * (len(self.curves) != 1)}"
        what += f", {len(self.regions)} region{'s' * (len(self.regions) != 1)}"
        lines = [f"TwoParameterDiagram in {', '.join(self.parameters)}: {what}"]
        lines += [f"  {region.label} ({100 * region.area:.1f} % of the area)" for region in self.regions]
        return "\n".join(lines + [f"  {text}" for text in dict.fromkeys(map(repr, self.special_points))])


def two_parameter_diagram(
    field, parameters, spans, inputs=None, lines=LINES, rng=None, cycles=None, cycle_curves=None
):  # fmt: skip
    """Find the curves of bifurcations of fixed points and cycles in a rectangle, and what lives between.

    Diagrams along lines in both directions, with their cycles, give points; each is followed unless it lies
    on a curve already. Then places inside each region are searched for fixed points and cycles: two, and more
    the larger it is. Where they differ, further lines through them are tried, and what stays is said.

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
    cycles : bool, optional
        Whether cycles are looked for in the regions, all in the plane and stable ones in more dimensions; by
        default in up to three, since it takes long in more. The message says so.
    cycle_curves : bool, optional
        Whether curves of folds, period doublings, torus points and homoclinic orbits are followed, of the
        cycles that begin at Hopf points on the lines or that starts there settle on; by default where cycles
        are looked for. They take the larger part of the time.

    Returns
    -------
    TwoParameterDiagram
        After Ctrl-C, what was found so far.

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
    ['1 stable point', '2 stable points, 1 unstable point']
    """
    parameters, spans = ([one] if isinstance(one, str) else one for one in (parameters, spans))
    sizes = [np.size(span) for span in spans] if np.iterable(spans) else []
    if np.size(parameters) != 2 or sizes != [2, 2]:
        raise InputError(
            f"parameters, spans: expected two names and a (low, high) of each, got {parameters} and {spans}"
        )
    first, second = parameters
    lines = check_count("lines", lines, 1)
    if first == second:
        raise InputError(f"parameters: {first!r} is named twice; name two")
    spans = np.array([_checked_span(field, *pair, inputs) for pair in zip(parameters, spans)])
    choose("cycles", cycles, (None, True, False))
    choose("cycle_curves", cycle_curves, (None, True, False))
    if cycles is None:
        cycles = field.dimension <= CYCLES_UP_TO
    turns = field.step is None and field.dimension > 1 and field.bulk_radius is None
    cycles = cycles and turns
    cycle_curves = (cycles if cycle_curves is None else cycle_curves) and turns
    curves, missed, found, status = [], [], [], Status.COMPLETED
    shares, count = (np.arange(lines) + 0.436) / lines, 0
    along = [(k, low + share * (high - low)) for k, (low, high) in enumerate(spans[::-1]) for share in shares]
    make = lambda place: _at(field, inputs, dict(zip(parameters, place.tolist())))  # noqa: E731
    try:
        with interrupts_held() as ask:
            maps, wanted = _symmetries(make, spans), bool(cycle_curves)
            for _ in range(ROUNDS):  # again through places where one region has two faces: a curve is missing
                known = len(curves)
                for line in along:
                    missed += _find_curves(
                        field, parameters, spans, line, inputs, rng, wanted, maps, curves, ask
                    )
                    count += 1
                if found and len(curves) == known:
                    break
                _describe(curves, spans, make, cycles, rng, ask, found)
                along = _lines_between([region for _, region in found])
                if not along:
                    break
                wanted = wanted and ("all" if field.dimension == 2 else True)
    except KeyboardInterrupt:  # the curves and regions that were found are kept
        status = Status.INTERRUPTED
    found.sort(key=lambda pair: -pair[1].area)
    numbers = np.full(found[0][0].shape if found else (1, 1), -1)
    for k, (inside, _) in enumerate(found):
        numbers[inside] = k
    regions = tuple(region for _, region in found)
    message = _message(count, regions, cycles, cycle_curves, field) + _not_followed(missed, curves, spans)
    if status is Status.INTERRUPTED:
        message = f"{status.value} {message}"
    held = dict(zip(field.inputs, field.input_vector(inputs).tolist()))
    held = {name: value for name, value in held.items() if name not in parameters}
    return TwoParameterDiagram(
        (first, second), spans, tuple(curves), regions, numbers, status, message, held, dict(field.source)
    )  # fmt: skip


def _checked_span(field, name, span, inputs):
    try:
        return make_curve(field, name, span, inputs).span[0]
    except InputError as error:
        raise InputError(f"parameters, spans: of {name!r}: {error}") from error


def _symmetries(make, spans):
    """Symmetries that the field has at places that no symmetry would choose."""
    places = spans[:, 0] + np.array([[0.436, 0.571], [0.771, 0.229], [0.164, 0.857]]) * np.diff(spans)[:, 0]
    found = []
    for place in places:
        field, u = make(place)
        box = np.tile([-1.0, 1.0], (field.dimension, 1)) * np.abs(find_fixed_points(field, u).box).max()
        found.append((field, field.input_vector(u), box))
    return mirrors_of_all(found)


def _describe(curves, spans, make, cycles, rng, ask, found):
    """Put what is in the regions into a list; the first time as soon as it is known."""
    labels, count = connected_pixels(curves, spans)
    fresh = [] if found else found
    for each in describe_regions(labels, count, spans, make, cycles, rng, ask):
        fresh.append(each)
    found[:] = fresh


def _lines_between(regions):
    """Lines both ways through places of one region where the numbers differ."""
    pairs = [(region.place, other) for region in regions for other in region.elsewhere]
    lines = [(k, float(place[1 - k])) for pair in pairs for k in (0, 1) for place in pair]
    return list(dict.fromkeys(lines))[:MORE]


def _find_curves(field, names, spans, line, inputs, rng, cycles, maps, curves, ask):
    """Add the curves through the special points of a diagram along a line.

    ``line`` is a pair: which parameter it goes along, and where the other is; ``cycles`` what
    `bifurcation_diagram` takes.
    """
    ask()
    (k, at), known = line, len(curves)
    own, other = names[k], names[1 - k]
    here, u = _at(field, inputs, {other: at})
    rest = {name: value for name, value in u.items() if name != own}
    diagram = bifurcation_diagram(here, own, tuple(spans[k]), rest, rng=rng, cycles=cycles)
    turned, in_order = (curves, spans) if k == 0 else ([curve.turned() for curve in curves], spans[::-1])
    try:
        for special in diagram.special_points:
            ask()
            if special.kind in MODES or special.kind in MAP_KINDS:
                _add(turned, here, special, np.array([special.value, at]), other, in_order, u, maps)
        missed = add_cycle_curves(here, (own, other), at, in_order, u, diagram.cycles, maps, turned, ask)
    finally:  # what was followed before Ctrl-C is kept
        if k == 1:
            curves += [curve.turned() for curve in turned[known:]]
    if diagram.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return [(kind, place if k == 0 else place[::-1], ends) for kind, place, ends in missed]


def _message(lines, regions, cycles, cycle_curves, field):
    checked = sum(region.checked for region in regions)
    text = f"diagrams along {lines} line{'s' * (lines != 1)}"
    if regions:
        text += f"; {checked} of {len(regions)} regions the same at all places tried"
    if field.step is not None:
        text += "; of a map fixed points are counted, no longer orbits"
    elif field.dimension > 1 and not cycles:
        text += "; cycles were not looked for"
    elif field.dimension > 1 and not cycle_curves:
        text += (
            "; curves of folds and ends of cycles are not drawn, so inside one region cycles may come and go"
        )
    elif field.dimension > 1:
        text += (
            "; curves of cycles are drawn of those that begin at Hopf points on the lines, or that starts "
            "there settle on; where others fold or end, cycles may come and go inside one region"
        )
    return text


def _not_followed(missed, curves, spans):
    """Special points of cycles through which no curve was found, as the end of a sentence."""
    left = [
        (kind, place)
        for kind, place, ends in missed
        if not any(passes(c, kind, place, ends, spans) for c in curves)
    ]
    if not left:
        return ""
    listed = [f"{kind} at ({place[0]:.6g}, {place[1]:.6g})" for kind, place in left[:LISTED]]
    more = f" and {len(left) - LISTED} more" if len(left) > LISTED else ""
    return f"; through these points of cycles no curve could be followed: {', '.join(listed)}{more}"


def _at(field, inputs, values):
    """The field and inputs with some parameters or inputs at these values."""
    u = dict(zip(field.inputs, field.input_vector(inputs).tolist()))
    u |= {name: value for name, value in values.items() if name in u}
    return field.with_values(**{n: v for n, v in values.items() if n in field.parameters}), u


def _add(curves, field, special, place, other, spans, u, maps):
    """Follow a point unless a curve goes through it; what the second parameter unfolds is no curve."""
    kind = special.kind if special.kind == "Hopf" else MAP_KINDS.get(special.kind, "branch point")
    if any(passes(curve, kind, place, special.kappa, spans) for curve in curves):
        return
    try:
        curve = continue_curve(field, special, other, tuple(spans[1]), tuple(spans[0]), u)
    except InputError:
        return
    curves.append(with_images(curve, maps, spans))
    if curve.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
