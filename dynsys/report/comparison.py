"""Network beside mean field: which fixed point or special point of the one belongs to which of the other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from dynsys.analysis.finite_size import finite_size_error


@dataclass(frozen=True, eq=False)
class PointPair:
    """A fixed point of the network and the mean field's, either of which may be missing.

    Parameters
    ----------
    inputs : mapping of str to float
        Inputs at which they were found.
    kind : str
        What both are.
    network, mean_field : FixedPoint or None
        The two.
    scatter : ndarray (R,) or None
        Predicted standard deviation of the point over networks of the same size redrawn from the same
        populations.
    chance : ndarray (R,) or None
        The same over networks that have exactly the populations' means and covariances, as the network has of
        whose loadings they are: what the difference is to be held against.

    Examples
    --------
    >>> PointPair({"v": 0.0}, "stable node", None, None, None, None).difference is None
    True
    """

    inputs: Mapping
    kind: str
    network: object
    mean_field: object
    scatter: np.ndarray | None
    chance: np.ndarray | None

    @property
    def difference(self):
        """ndarray (R,) or None : kappa of the network minus kappa of the mean field."""
        if self.network is None or self.mean_field is None:
            return None
        return self.network.kappa - self.mean_field.kappa

    @property
    def excess(self):
        """float or None : relative difference of the two norms of kappa; None at the origin."""
        if self.difference is None:
            return None
        ours, theirs = np.linalg.norm(self.network.kappa), np.linalg.norm(self.mean_field.kappa)
        return float(ours / theirs - 1) if theirs > 1e-6 else None


@dataclass(frozen=True, eq=False)
class EventPair:
    """A special point of the network's diagram and the mean field's, either of which may be missing.

    Parameters
    ----------
    parameter, kind : str
        Along which parameter, and what happens there.
    network, mean_field : SpecialPoint or None
        The two.

    Examples
    --------
    >>> EventPair("gain", "pitchfork", None, None).difference is None
    True
    """

    parameter: str
    kind: str
    network: object
    mean_field: object

    @property
    def difference(self):
        """float or None : parameter value of the network's point minus the mean field's."""
        if self.network is None or self.mean_field is None:
            return None
        return self.network.value - self.mean_field.value

    def value_of(self, name):
        """Parameter value of the "network" or the "mean_field" point; None where there is none."""
        point = getattr(self, name)
        return None if point is None else point.value


def pair_points(network, mean_field, field, populations, units):
    """Pair the fixed points of two fields at the same inputs, nearest first, like with like.

    Parameters
    ----------
    network, mean_field : FixedPoints
        At the same inputs.
    field : Field
        The mean field, for the predicted spread.
    populations : Populations
        Its populations.
    units : int
        Units N of the network.

    Returns
    -------
    tuple of PointPair

    Examples
    --------
    >>> from dynsys.analysis import FixedPoints
    >>> from tasks import Status
    >>> none = FixedPoints((), {"v": 0.0}, Status.CONVERGED, {}, 0, np.array([[-1.0, 1.0]]))
    >>> pair_points(none, none, None, None, 100)
    ()
    """
    pairs = []
    for ours, theirs in _matched(network.points, mean_field.points, lambda point: point.kappa):
        spreads = (None, None)
        if theirs is not None:
            place = populations, field, theirs.kappa, units, dict(network.inputs)
            spreads = [
                np.sqrt(np.diag(finite_size_error(*place, exact_moments=exact))) for exact in (False, True)
            ]
        pairs.append(PointPair(network.inputs, (ours or theirs).kind, ours, theirs, *spreads))
    return tuple(pairs)


def pair_events(network, mean_field):
    """Pair the bifurcations of two diagrams along the same parameter; neutral saddles are none.

    Parameters
    ----------
    network, mean_field : BifurcationDiagram
        The two.

    Returns
    -------
    tuple of EventPair

    Examples
    --------
    >>> from dynsys.analysis import BifurcationDiagram
    >>> from tasks import Status
    >>> none = BifurcationDiagram("gain", (0.0, 2.0), (), (), Status.COMPLETED)
    >>> pair_events(none, none)
    ()
    """
    ours, theirs = (
        [point for point in diagram.special_points if point.kind != "neutral saddle"]
        for diagram in (network, mean_field)
    )
    matched = _matched(ours, theirs, lambda point: np.append(point.kappa, point.value))
    return tuple(
        EventPair((ours or theirs).parameter, (ours or theirs).kind, ours, theirs) for ours, theirs in matched
    )


def _matched(ours, theirs, place):
    """Pairs of the same kind at the least total distance, in the order of ours; the unpaired last."""
    far = 1e12
    cost = np.array(
        [[np.linalg.norm(place(a) - place(b)) if a.kind == b.kind else far for b in theirs] for a in ours]
    ).reshape(len(ours), len(theirs))
    partner = {i: j for i, j in zip(*linear_sum_assignment(cost)) if cost[i, j] < far}
    pairs = [(a, theirs[partner[i]] if i in partner else None) for i, a in enumerate(ours)]
    taken = set(partner.values())
    return pairs + [(None, b) for j, b in enumerate(theirs) if j not in taken]
