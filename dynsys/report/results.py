"""`Analysis`: every stage's result in one frozen object that shows itself and becomes plain JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynsys.report.performance import Performance, plain_performance
from dynsys.report.plain import plain_values
from tasks.results import html_table


@dataclass(frozen=True, eq=False)
class Redrawn:
    """Networks redrawn from the fitted populations.

    Parameters
    ----------
    accuracies : ndarray (K,)
        Accuracy of each; empty without a task.
    kappa : ndarray (K,)
        Norm of the outermost stable fixed point of each without input; NaN where only the origin is stable.
    kappa_exact : ndarray (K,)
        The same for networks redrawn with exact moments.
    predicted : float
        The mean field's value of it; NaN where only the origin is stable.
    scatter, chance : float
        Predicted standard deviations of ``kappa`` and ``kappa_exact``.
    first : LowRankRNN or None
        The first of them.

    Examples
    --------
    >>> Redrawn(np.ones(2), np.array([0.5, 0.7]), np.array([0.6, 0.6]), 0.6, 0.1, 0.01, None).predicted
    0.6
    """

    accuracies: np.ndarray
    kappa: np.ndarray
    kappa_exact: np.ndarray
    predicted: float
    scatter: float
    chance: float
    first: object


@dataclass(frozen=True, eq=False)
class Dynamics:
    """What one field does: its fixed points at each input and its bifurcation diagrams.

    Parameters
    ----------
    name : str
        "network" (exact, finite N) or "mean field".
    field : Field
        The equations.
    fixed_points : tuple of FixedPoints
        Without input first, then at each constant input of the task.
    diagrams : tuple of BifurcationDiagram
        Along the recurrent gain, then along each input.
    portraits : tuple of PhasePortrait
        Flow on a line at the inputs of ``fixed_points``, on a plane without input; empty for more than two
        state variables.

    Examples
    --------
    >>> Dynamics("network", None, (), (), ()).name
    'network'
    """

    name: str
    field: object
    fixed_points: tuple
    diagrams: tuple
    portraits: tuple


@dataclass(frozen=True, eq=False, repr=False)
class Analysis:
    """Everything that `analyse` found about a network.

    Parameters
    ----------
    network : LowRankRNN
        The network.
    task : Task or None
        The task it does.
    training : TrainResult or None
        How it was trained, if that is known.
    loadings : Loadings
        Its loadings.
    populations : Populations
        The Gaussian population fitted to them.
    redrawn : Redrawn
        Networks drawn from that population.
    system : System
        The mean-field equations.
    network_dynamics, mean_field_dynamics : Dynamics
        Fixed points and diagrams of the exact finite-N equations and of the mean field.
    points : tuple of PointPair
        Fixed points of the two, side by side.
    events : tuple of EventPair
        Their special points, side by side.
    performance : Performance or None
        How well the task is done; None without a task.
    settings : mapping
        Seed, numbers of trials and networks, spans, versions: plain values.

    Examples
    --------
    >>> from dynsys.report import analyse
    >>> from rnn import LowRankRNN
    >>> m, z = np.random.default_rng(0).standard_normal((2, 50))
    >>> found = analyse(LowRankRNN(m, 1.5 * m + z, z, 4 * m), rng=0, redraws=2)
    >>> [len(dynamics.fixed_points[0]) for dynamics in (found.network_dynamics, found.mean_field_dynamics)]
    [3, 3]
    >>> sorted(found.to_dict())[:3]
    ['bifurcations', 'fixed_points', 'network']
    """

    network: object
    task: object
    training: object
    loadings: object
    populations: object
    redrawn: Redrawn
    system: object
    network_dynamics: Dynamics
    mean_field_dynamics: Dynamics
    points: tuple
    events: tuple
    performance: Performance | None
    settings: Mapping = field(default_factory=dict)

    def to_dict(self):
        """Everything that is a number or a name, as plain JSON values (NaN becomes None).

        Returns
        -------
        dict
        """
        done = self.performance
        return plain_values(
            {
                "network": {
                    "hash": self.network.hash,
                    "units": self.network.units,
                    "rank": self.network.rank,
                    "phi": self.network.phi,
                    "alpha": self.network.alpha,
                    "noise_std": self.network.noise_std,
                },
                "task": self.task and {"name": self.task.name, **self.task.parameters},
                "training": self.training and _training(self.training),
                "performance": done and plain_performance(done),
                "populations": {
                    "names": self.populations.names,
                    "weights": self.populations.weights,
                    "means": self.populations.means,
                    "mean_errors": self.populations.mean_errors,
                    "covariances": self.populations.covariances,
                    "covariance_errors": self.populations.covariance_errors,
                },
                "redrawn": {
                    "accuracies": self.redrawn.accuracies,
                    "kappa": self.redrawn.kappa,
                    "kappa_exact_moments": self.redrawn.kappa_exact,
                    "kappa_predicted": self.redrawn.predicted,
                    "scatter_predicted": self.redrawn.scatter,
                    "scatter_predicted_exact_moments": self.redrawn.chance,
                },
                "parameters": self.system.values,
                "fixed_points": [_points(pair) for pair in self.points],
                "bifurcations": [_event(pair) for pair in self.events],
                "searches": [
                    _searches(dynamics) for dynamics in (self.network_dynamics, self.mean_field_dynamics)
                ],
                "settings": self.settings,
            }
        )

    def summary(self):
        """The few numbers one asks for first, as (name, text) pairs.

        Returns
        -------
        list of tuple of str
        """
        rows = [("network", f"{self.network.units} units, rank {self.network.rank}, {self.network.phi}")]
        if self.performance is not None:
            rows.append((f"accuracy on {self.task.name}", f"{self.performance.accuracy['network']:.4f}"))
            rows.append(("accuracy of the kappa circuit", f"{self.performance.accuracy['circuit']:.4f}"))
            rows.append(("R^2, circuit against network", f"{self.performance.r_squared['circuit']:.4f}"))
        accuracies = self.redrawn.accuracies
        if accuracies.size:
            text = (
                f"{accuracies.mean():.4f} on average over {accuracies.size} (lowest {accuracies.min():.4f})"
            )
            rows.append(("accuracy of redrawn networks", text))
        for pair in self.points:
            if not any(pair.inputs.values()):
                rows.append((f"{pair.kind}, no input", f"kappa = {_kappas(pair)}"))
        for pair in self.events:
            rows.append((f"{pair.kind} along {pair.parameter}", f"{pair.parameter} = {_values(pair)}"))
        return rows

    def __repr__(self):
        rows = self.summary()
        width = max(len(name) for name, _ in rows)
        return "\n".join(
            ["Analysis (values: network / mean field)"] + [f"  {n:{width}}  {v}" for n, v in rows]
        )

    def _repr_html_(self):
        return html_table(self.summary(), caption="values: network / mean field", named=True)


def _kappas(pair):
    return " / ".join("none" if p is None else _vector(p.kappa) for p in (pair.network, pair.mean_field))


def _vector(kappa):
    texts = [f"{round(float(value), 6) + 0.0:.6f}" for value in kappa]
    return texts[0] if len(texts) == 1 else "(" + ", ".join(texts) + ")"


def _values(pair):
    return " / ".join("none" if p is None else f"{p.value:.6f}" for p in (pair.network, pair.mean_field))


def _training(result):
    return {
        "status": result.status.name,
        "message": result.message,
        "losses": result.losses,
        "accuracies": result.accuracies,
    }


def _points(pair):
    row = {
        "inputs": pair.inputs,
        "kind": pair.kind,
        "difference": pair.difference,
        "scatter_predicted": pair.scatter,
        "scatter_predicted_exact_moments": pair.chance,
    }
    for name, point in (("network", pair.network), ("mean_field", pair.mean_field)):
        row[name] = point and {
            "kappa": point.kappa,
            "eigenvalues": point.eigenvalues,
            "index": point.index,
            "euler_stable": point.euler_stable,
            "residual": point.residual,
        }
    return row


def _event(pair):
    row = {"parameter": pair.parameter, "kind": pair.kind, "difference": pair.difference}
    for name, point in (("network", pair.network), ("mean_field", pair.mean_field)):
        row[name] = point and {
            "value": point.value,
            "kappa": point.kappa,
            "coefficients": point.coefficients,
            "sentence": point.sentence,
            "residual": point.residual,
        }
    return row


def _searches(dynamics):
    return {
        "of": dynamics.name,
        "fixed_points": [
            {"inputs": f.inputs, "status": f.status.name, "index_sum": f.index_sum, "counts": f.counts}
            for f in dynamics.fixed_points
        ],
        "diagrams": [
            {
                "parameter": d.parameter,
                "span": d.span,
                "inputs": d.inputs,
                "status": d.status.name,
                "branches": len(d.branches),
            }
            for d in dynamics.diagrams
        ],
    }
