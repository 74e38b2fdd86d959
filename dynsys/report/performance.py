"""How a network, its redrawn networks and its circuit do the task, and where the activity lives."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Performance:
    """How the network, redrawn networks and the mean-field circuit do the task.

    Parameters
    ----------
    trials : Trials
        Test trials, the same for all.
    outputs : ndarray (B, T, O)
        Outputs of the network on them, with its noise.
    accuracy : mapping of str to float
        By "network", "circuit".
    loss : mapping of str to float
        The same.
    r_squared : mapping of str to float
        Share of the variance of the network's outputs (its own noise off) that is explained by "circuit" (the
        mean field) and by "reduction" (the exact equations for kappa at finite N).
    psychometric : mapping of str to PsychometricCurve
        By "network", "redrawn", "circuit"; empty where the task has none.
    examples : Trials
        A trial without noise for each condition.
    traces : mapping of str to Trajectory
        By "network", "redrawn", "circuit": what they do in ``examples`` without noise.
    components : ActivityComponents or None
        Principal components of the network's activity on some of the trials, with its noise.

    Examples
    --------
    >>> Performance(None, None, {"network": 1.0}, {}, {}, {}, None, {}).accuracy["network"]
    1.0
    """

    trials: object
    outputs: np.ndarray
    accuracy: Mapping
    loss: Mapping
    r_squared: Mapping
    psychometric: Mapping
    examples: object
    traces: Mapping
    components: object = None


def plain_performance(done):
    """The numbers of a performance as a dict; traces of single trials are left out.

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(8, rng=0)
    >>> plain_performance(Performance(trials, None, {"network": 1.0}, {}, {}, {}, None, {}))["trials"]
    8
    """
    return {
        "trials": done.trials.size,
        "accuracy": done.accuracy,
        "loss": done.loss,
        "r_squared": done.r_squared,
        "psychometric": {
            name: {
                "condition": c.condition,
                "levels": c.levels,
                "probability": c.probability,
                "counts": c.counts,
            }
            for name, c in done.psychometric.items()
        },
        "components": done.components
        and {
            "variance_explained": done.components.variance_explained,
            "share_in_span": done.components.share_in_span,
            "angles": done.components.angles,
        },
    }
