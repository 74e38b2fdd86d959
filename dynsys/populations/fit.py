"""The Gaussian populations behind a network's loadings (THEORY: one Gaussian or a mixture).

The rows (m_i, n_i, I_i, w_i) of a network are taken as draws from sum_p alpha_p N(a^p, Sigma^p). These few
numbers are all that the mean field needs.
"""

from dataclasses import dataclass, field
from html import escape

import numpy as np

from rnn.connectivity import loading_names
from rnn.networks import PHI_NAMES
from tasks.checks import as_array, check_count, check_number, choose
from tasks.errors import InputError

# A covariance counts as positive semidefinite when no eigenvalue is below minus this share of the largest.
SEMIDEFINITE_TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False, repr=False)
class Populations:
    """Weights, means and covariances of the loadings, with what a network needs besides.

    Parameters
    ----------
    weights : array_like (P,)
        Share alpha_p of each population; they sum to 1.
    means : array_like (P, D)
        Means a^p; columns as in `rnn.Loadings`, D = 2R + S + O.
    covariances : array_like (P, D, D)
        Covariances Sigma^p, positive semidefinite.
    rank, inputs, outputs : int
        R, S and O.
    phi, alpha, noise_std
        As in `rnn.LowRankRNN`.
    means_kind : {"free", "zero"}
        Whether means were estimated or held at zero.
    mean_errors, covariance_errors : array_like, optional
        Standard errors, in the shapes of `means` and `covariances`.
    units : int, optional
        Number of units N that they were estimated from.
    source : dict
        Plain values that say where they come from.

    Raises
    ------
    InputError
        Shapes that disagree, weights that are no shares, a covariance that is not symmetric or not positive
        semidefinite (with its smallest eigenvalue).

    Examples
    --------
    >>> Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1).names
    ('m', 'n', 'I', 'w')
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    rank: int
    inputs: int
    outputs: int
    phi: str = "tanh"
    alpha: float = 0.2
    noise_std: float = 0.0
    means_kind: str = "free"
    mean_errors: np.ndarray = None
    covariance_errors: np.ndarray = None
    units: int = None
    source: dict = field(default_factory=dict)

    def __post_init__(self):
        rank = check_count("rank", self.rank)
        inputs, outputs = check_count("inputs", self.inputs, 0), check_count("outputs", self.outputs, 0)
        width = 2 * rank + inputs + outputs
        weights = as_array("weights", self.weights, (None,), "(P,)")
        count = len(weights)
        if count == 0 or (weights <= 0).any() or abs(weights.sum() - 1) > 1e-9:
            raise InputError(f"weights: expected positive shares that sum to 1, got {weights.tolist()}")
        checked = {
            "weights": weights,
            "means": as_array("means", self.means, (count, width), "(P, D)"),
            "covariances": as_array("covariances", self.covariances, (count, width, width), "(P, D, D)"),
        }
        for p, covariance in enumerate(checked["covariances"]):
            _refuse_indefinite(p, covariance)
        for name, shape in (("mean_errors", (count, width)), ("covariance_errors", (count, width, width))):
            if getattr(self, name) is not None:
                checked[name] = as_array(name, getattr(self, name), shape)
        choose("phi", self.phi, PHI_NAMES)
        choose("means_kind", self.means_kind, ("free", "zero"))
        if self.means_kind == "zero" and checked["means"].any():
            raise InputError("means: means_kind='zero' needs means that are all 0; use means_kind='free'")
        check_number("alpha", self.alpha, above=0.0, below=2.0)
        check_number("noise_std", self.noise_std, minimum=0.0)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def count(self):
        """int : number of populations P."""
        return len(self.weights)

    @property
    def names(self):
        """tuple of str : names of the D columns."""
        return loading_names(self.rank, self.inputs, self.outputs)

    @property
    def noise_variance(self):
        """float : stationary variance of the private noise process, noise_std^2 / (alpha (2 - alpha))."""
        return self.noise_std**2 / (self.alpha * (2 - self.alpha))

    def covariance(self, a, b, population=0):
        """Covariance of two loadings by name, such as ``covariance("m", "n")``.

        Parameters
        ----------
        a, b : str
            Two of `names`.
        population : int, default 0
            Which population.

        Returns
        -------
        float
        """
        return float(self.covariances[population, self._index(a), self._index(b)])

    def mean(self, a, population=0):
        """Mean of a loading by name, as a float; see `covariance`."""
        return float(self.means[population, self._index(a)])

    def _index(self, name):
        return self.names.index(choose("loading", name, self.names))

    def __repr__(self):
        plural = "s" * (self.count > 1)
        return (
            f"Populations({self.count} Gaussian population{plural} over {', '.join(self.names)}, "
            f"{self.means_kind} means, {self.phi})"
        )

    def _repr_html_(self):
        head = "".join(f"<th>{escape(name)}</th>" for name in ("", "mean", *self.names))
        tables = []
        for p in range(self.count):
            rows = "".join(
                f"<tr><th>{escape(name)}</th><td>{self.means[p, i]:.4g}</td>"
                + "".join(
                    f"<td>{value:.4g}{self._error(p, i, j)}</td>"
                    for j, value in enumerate(self.covariances[p, i])
                )
                + "</tr>"
                for i, name in enumerate(self.names)
            )
            caption = f"population {p + 1}, weight {self.weights[p]:.3g}: means and covariances"
            tables.append(f"<table><caption>{caption}</caption><tr>{head}</tr>{rows}</table>")
        return "".join(tables)

    def _error(self, p, i, j):
        return "" if self.covariance_errors is None else f" &plusmn; {self.covariance_errors[p, i, j]:.2g}"


def fit_populations(loadings, populations=1, means="free", ddof=0, rng=None):
    """Fit Gaussian populations to the loadings of a network.

    One population has a closed form: the sample mean and covariance (means free), or the second moments
    about zero. Standard errors are distribution-free: the spread of the products over the units,
    se(Sigma_ab) = sd[(a - mean a)(b - mean b)] / sqrt(N), since trained loadings are not Gaussian.

    Parameters
    ----------
    loadings : Loadings
        From `rnn.loadings`.
    populations : int, default 1
        Number of populations P; this version fits one.
    means : {"free", "zero"}, default "free"
        Whether means are estimated or held at zero.
    ddof : int, default 0
        The covariance is divided by N - ddof.
    rng : numpy.random.Generator or int, optional
        Not needed for one population.

    Returns
    -------
    Populations

    Raises
    ------
    InputError
        Fewer units than two, more populations than units, or more than one population.

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 500, 1)))
    >>> fit_populations(loadings(net)).covariances.shape
    (1, 4, 4)
    """
    count = check_count("populations", populations)
    choose("means", means, ("free", "zero"))
    ddof = check_count("ddof", ddof, 0)
    units = loadings.units
    if units < 2 or units <= ddof or count > units:
        raise InputError(
            f"loadings: {units} units cannot give {count} population(s) with ddof={ddof}; use more units"
        )
    if count > 1:
        raise InputError(f"populations: only one Gaussian population can be fitted so far, got {count}")
    X = loadings.values
    mean = X.mean(axis=0) if means == "free" else np.zeros(X.shape[1])
    centred = X - mean
    covariance = centred.T @ centred / (units - ddof)
    # Var[ab] over the units without forming (N, D, D): E[a^2 b^2] - E[ab]^2.
    fourth = (centred**2).T @ (centred**2) / units - (centred.T @ centred / units) ** 2
    mean_error = np.sqrt(np.diag(covariance) / units) if means == "free" else np.zeros_like(mean)
    return Populations(
        np.ones(1), mean[None], covariance[None], loadings.rank, loadings.inputs, loadings.outputs,
        loadings.phi, loadings.alpha, loadings.noise_std, means,
        mean_error[None], np.sqrt(np.maximum(fourth, 0.0) / units)[None], units,
        {**loadings.source, "gauge": loadings.gauge_name, "means": means, "ddof": ddof},
    )  # fmt: skip


def _refuse_indefinite(p, covariance):
    scale = np.abs(covariance).max()
    asymmetry = np.abs(covariance - covariance.T).max(initial=0.0)
    if asymmetry > 1e-12 * scale:
        raise InputError(f"covariances[{p}]: not symmetric; the largest difference is {asymmetry:.3g}")
    smallest = np.linalg.eigvalsh(covariance)[0] if covariance.size else 0.0
    if smallest < -SEMIDEFINITE_TOLERANCE * max(scale, np.finfo(float).tiny) * len(covariance):
        raise InputError(
            f"covariances[{p}]: not positive semidefinite, the smallest eigenvalue is {smallest:.6g}; "
            "no Gaussian has such covariances"
        )
