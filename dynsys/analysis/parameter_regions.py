"""Regions between curves of bifurcations in two parameters, and the number and kinds of attractors there."""

import itertools
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from dynsys.analysis.cycle_search import find_cycles
from dynsys.analysis.fixed_points import find_fixed_points

# Pixels that tell regions apart; regions of fewer are not looked into.
PIXELS, SMALLEST = 240, 12
# Places looked at beside two in each region, if it were all; how many pixels from the edge they are.
PLACES, WELL_INSIDE = 12, 8
# What neither comes to rest nor comes back, in three and more dimensions.
RESTLESS = "motion that does not settle"


class Region(NamedTuple):
    """A region between curves: a point well inside it, its share of the area, and what is there.

    ``counts`` are numbers of fixed points and of cycles by kind at that point, ``label`` says them in words;
    ``checked`` is whether all other places tried, more in a larger region, have the same. Where they have
    not, a curve of another kind (cycles that fold, a homoclinic orbit) goes through the region: the label
    names all, and ``elsewhere`` are places, one for each.
    """

    place: np.ndarray
    area: float
    counts: dict
    label: str
    checked: bool
    elsewhere: tuple = ()


def connected_pixels(curves, spans):
    """Connected regions between the curves on a grid of pixels, and their number.

    Parameters
    ----------
    curves : sequence of BifurcationCurve
        In the order of the spans.
    spans : ndarray (2, 2)
        Ends of each parameter.

    Returns
    -------
    tuple of (ndarray of int (K, K), int)

    Examples
    --------
    >>> labels, count = connected_pixels((), np.array([[0, 1], [0, 1]]))
    >>> labels.shape, count
    ((240, 240), 1)
    """
    free = np.ones((PIXELS, PIXELS), dtype=bool)
    for curve in curves:
        unit = (curve.drawn - spans[:, 0]) / np.diff(spans).T * (PIXELS - 1)
        for a, b in itertools.pairwise(unit):
            if np.isfinite(a + b).all():
                share = np.linspace(0, 1, int(2 * np.abs(b - a).max()) + 2)[:, None]
                x, y = np.rint(a + share * (b - a)).astype(int).T
                inside = (x >= 0) & (x < PIXELS) & (y >= 0) & (y < PIXELS)
                free[y[inside], x[inside]] = False
    return ndimage.label(free)


def describe_regions(labels, count, spans, make, cycles, rng=None, ask=None):
    """What lives in the middle of each region, and at other places of it.

    Parameters
    ----------
    labels : ndarray of int (K, K)
        Region of each pixel, 1 to ``count``.
    count : int
        Number of regions.
    spans : ndarray (2, 2)
        Ends of each parameter.
    make : callable
        From a place (2,) to the field and its inputs there.
    cycles : bool
        Whether cycles are looked for.
    rng : optional
        As in `find_fixed_points`.
    ask : callable, optional
        Called between regions; raises KeyboardInterrupt if the user wants to end.

    Yields
    ------
    tuple of (ndarray of bool (K, K), Region)

    Examples
    --------
    >>> labels, count = connected_pixels((), np.array([[0, 1], [0, 1]]))
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> spans = np.array([[0, 1], [0, 1]])
    >>> [(_, region)] = describe_regions(labels, count, spans, lambda place: (field, None), False)
    >>> region.label, region.area
    ('2 stable points, 1 unstable point', 1.0)
    """
    for label in range(1, count + 1):
        inside = labels == label
        if inside.sum() < SMALLEST:
            continue
        found = {}
        for row, column in _places(inside):
            if ask is not None:
                ask()
            place = spans[:, 0] + np.array([column, row]) / (PIXELS - 1) * np.diff(spans)[:, 0]
            counts = _counts(*make(place), cycles, rng)
            found.setdefault(_label(counts), (place, counts))
        text, ((place, counts), *others) = "; elsewhere ".join(found), found.values()
        elsewhere = tuple(other for other, _ in others)
        yield inside, Region(place, float(inside.mean()), counts, text, not others, elsewhere)


def _places(inside):
    """Pixels of a region to look at: the one farthest from its edge, then each farthest from the others."""
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    chosen = [np.unravel_index(depth.argmax(), depth.shape)]
    for k in range(1 + int(PLACES * inside.mean())):
        least = 0.5 * depth.max() if k == 0 else min(0.5 * depth.max(), WELL_INSIDE)
        pixels = np.argwhere(depth >= least)
        apart = ((pixels[:, None] - np.array(chosen)) ** 2).sum(axis=2).min(axis=1)
        chosen.append(tuple(pixels[apart.argmax()]))
    return chosen


def _counts(field, u, cycles, rng):
    """Numbers by kind; nodes and foci of one stability are points: no bifurcation lies between them."""
    points = find_fixed_points(field, u, rng=rng)
    kinds = [point.kind.replace("focus", "point").replace("node", "point") for point in points]
    if cycles:
        unstable = field.dimension == 2  # in more dimensions they are dear, and may be without end
        turning = find_cycles(field, u, fixed_points=points, rng=rng, unstable=unstable)
        kinds += [c.kind for c in turning if c.stable or (unstable and "non-hyp" not in c.kind)]
        kinds += [RESTLESS] if turning.counts["undecided"] and not unstable else []
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _label(counts):
    if not counts:
        return "no fixed point"
    order = sorted(counts, key=lambda kind: (not kind.startswith("stable"), kind.endswith("cycle"), kind))
    listed = ", ".join(_several(kind, counts[kind]) for kind in order)
    attracts = order[0].startswith("stable") or RESTLESS in order
    return listed if attracts else f"{listed}; no stable one"


def _several(kind, count):
    return kind if kind == RESTLESS else f"{count} {kind}{'s' * (count > 1)}"
