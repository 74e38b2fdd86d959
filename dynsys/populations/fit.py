"""The Gaussian populations behind a network's loadings (THEORY: one Gaussian or a mixture).

The rows (m_i, n_i, I_i, w_i) of a network are taken as draws from sum_p alpha_p N(a^p, Sigma^p). These few
numbers are all that the mean field needs.
"""

from dataclasses import dataclass, field

import numpy as np

from dynsys.populations.mixture import fit_mixture
from rnn.connectivity import Loadings, loading_names
from rnn.networks import PHI_NAMES
from tasks.checks import as_array, check_count, check_kind, check_number, check_rng, choose
from tasks.errors import InputError
from tasks.results import html_table

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
    responsibilities : array_like (N, P), optional
        Probability that each of those units belongs to each population.
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
    responsibilities: np.ndarray = None
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
        for name, shape in (
            ("mean_errors", (count, width)),
            ("covariance_errors", (count, width, width)),
            ("responsibilities", (self.units, count)),
        ):
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
        tables = []
        for p in range(self.count):
            rows = []
            for i, name in enumerate(self.names):
                row = self.covariances[p, i]
                cells = [f"{value:.4g}{self._error(p, i, j)}" for j, value in enumerate(row)]
                rows.append((name, f"{self.means[p, i]:.4g}", *cells))
            caption = f"population {p + 1}, weight {self.weights[p]:.3g}: means and covariances"
            tables.append(html_table(rows, ("", "mean", *self.names), caption, named=True))
        return "".join(tables)

    def _error(self, p, i, j):
        return (
            ""
            if self.covariance_errors is None
            else f" \N{PLUS-MINUS SIGN} {self.covariance_errors[p, i, j]:.2g}"
        )


def fit_populations(loadings, populations=1, means="free", ddof=0, rng=None, restarts=20):
    """Fit Gaussian populations to the loadings of a network.

    One population has a closed form, the sample moments; several are a mixture fitted by EM with random
    restarts (`dynsys.populations.mixture`), in order of decreasing weight. Standard errors are
    distribution-free, since trained loadings are not Gaussian: with responsibilities r_i of population p,
    se(Sigma_ab)^2 = sum_i r_i^2 [(a_i - mean a)(b_i - mean b) - Sigma_ab]^2 / (sum_i r_i)^2.

    Parameters
    ----------
    loadings : Loadings
        From `rnn.loadings`.
    populations : int, default 1
        Number of populations P.
    means : {"free", "zero"}, default "free"
        Whether means are estimated or held at zero.
    ddof : int, default 0
        Each covariance is divided by its number of units minus ddof.
    rng : numpy.random.Generator or int, optional
        Source of the starts; needed for more than one population.
    restarts : int, default 20
        Number of starts of EM.

    Returns
    -------
    Populations

    Raises
    ------
    InputError
        Fewer units than two, more populations than units, or a population that empties in every start.

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 500, 1)))
    >>> fit_populations(loadings(net)).covariances.shape
    (1, 4, 4)
    """
    check_kind("loadings", loadings, Loadings, "take them from a network with loadings(net)")
    count, restarts = check_count("populations", populations), check_count("restarts", restarts)
    choose("means", means, ("free", "zero"))
    ddof = check_count("ddof", ddof, 0)
    units = loadings.units
    if units < 2 or units <= ddof or count > units:
        raise InputError(
            f"loadings: {units} units cannot give {count} population(s) with ddof={ddof}; use more units"
        )
    X = loadings.values
    source = {**loadings.source, "gauge": loadings.gauge_name, "means": means, "ddof": ddof}
    if count == 1:
        r = np.ones((units, 1))
    else:
        found = fit_mixture(X, count, means == "free", restarts, check_rng(rng))
        r = found.responsibilities
        source |= {
            "restarts": restarts,
            "log_likelihood": found.log_likelihood,
            "log_likelihoods": found.log_likelihoods,
            "status": found.status.name,
        }
    a, covariances, mean_errors, covariance_errors = _weighted_moments(X, r, means == "free", ddof)
    return Populations(
        r.mean(axis=0), a, covariances, loadings.rank, loadings.inputs, loadings.outputs, loadings.phi,
        loadings.alpha, loadings.noise_std, means, mean_errors, covariance_errors, units,
        r if count > 1 else None, source,
    )  # fmt: skip


def _weighted_moments(X, r, free_means, ddof):
    """Means, covariances and their standard errors under responsibilities r (N, P)."""
    width, count = X.shape[1], r.shape[1]
    means, mean_errors = np.zeros((2, count, width))
    covariances, covariance_errors = np.zeros((2, count, width, width))
    for p in range(count):
        share, total = r[:, p], r[:, p].sum()
        if free_means:
            means[p] = share @ X / total
        centred = X - means[p]
        moments = (share[:, None] * centred).T @ centred / total
        # sum_i r_i^2 (c_ia c_ib - Sigma_ab)^2, expanded so that no (N, D, D) array is formed.
        squares = (share[:, None] ** 2 * centred**2).T @ centred**2
        cross = (share[:, None] ** 2 * centred).T @ centred
        spread = squares - 2 * moments * cross + moments**2 * (share**2).sum()
        covariance_errors[p] = np.sqrt(np.maximum(spread, 0.0)) / total
        covariances[p] = (moments + moments.T) / 2 * (total / (total - ddof))
        if free_means:
            mean_errors[p] = np.sqrt(share**2 @ centred**2) / total
    return means, covariances, mean_errors, covariance_errors


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
