"""The Gaussian populations behind a network's loadings (THEORY: one Gaussian or a mixture).

The rows (m_i, n_i, I_i, w_i) of a network are taken as draws from sum_p alpha_p N(a^p, Sigma^p). These few
numbers are all that the mean field needs.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from dynsys.populations.mixture import fit_mixture, moments_with_errors
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


def fit_populations(loadings, populations=1, means="free", ddof=0, rng=None, restarts=20, membership="soft"):
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
    membership : {"soft", "hard"}, default "soft"
        Whether a unit counts for each population by its responsibility, as EM has it, or wholly for its most
        probable one. `select_populations` tries both on a task.

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
    choose("membership", membership, ("soft", "hard"))
    _check_units(loadings, count, ddof)
    if count == 1:
        return populations_of(loadings, np.ones((loadings.units, 1)), means, ddof)
    choose("means", means, ("free", "zero"))
    found = fit_mixture(loadings.values, count, means == "free", restarts, check_rng(rng))
    return populations_from_mixture(loadings, found, means, ddof, membership)


def populations_from_mixture(loadings, found, means, ddof, membership):
    """What an optimum of EM says of the populations; see `fit_populations`.

    Parameters
    ----------
    loadings, means, ddof, membership
        As in `fit_populations`.
    found : MixtureFit
        From `dynsys.populations.mixture`.

    Returns
    -------
    Populations

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> rows = loadings(LowRankRNN(*np.random.default_rng(0).standard_normal((4, 500, 1))))
    >>> found = fit_mixture(rows.values, 2, True, 3, np.random.default_rng(0))
    >>> populations_from_mixture(rows, found, "free", 0, "soft").count
    2
    """
    r = found.responsibilities
    if membership == "hard":
        r = np.eye(r.shape[1])[r.argmax(axis=1)]
        if r.sum(axis=0).min() <= ddof:
            raise InputError(
                f"membership: of the {r.shape[1]} populations one is no unit's most probable one (beyond "
                f"ddof={ddof}); fit fewer populations or take soft memberships"
            )
    fit = populations_of(loadings, r, means, ddof)
    record = {
        "membership": membership,
        "restarts": len(found.log_likelihoods),
        "log_likelihood": found.log_likelihood,
        "log_likelihoods": found.log_likelihoods,
        "status": found.status.name,
    }
    return replace(fit, source={**fit.source, **record})


def populations_of(loadings, responsibilities, means="free", ddof=0):
    """The populations that given memberships make: their moments, with standard errors.

    Parameters
    ----------
    loadings : Loadings
        From `rnn.loadings`.
    responsibilities : array_like (N, P)
        How much each unit belongs to each population; rows sum to 1. Labels as ``np.eye(P)[labels]``.
    means, ddof
        As in `fit_populations`.

    Returns
    -------
    Populations
        In the order of the columns.

    Raises
    ------
    InputError
        Responsibilities that are no shares, or a population without units.

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> rows = loadings(LowRankRNN(*np.random.default_rng(0).standard_normal((4, 500, 1))))
    >>> populations_of(rows, np.eye(2)[np.repeat([0, 1], [300, 200])]).weights
    array([0.6, 0.4])
    """
    check_kind("loadings", loadings, Loadings, "take them from a network with loadings(net)")
    choose("means", means, ("free", "zero"))
    ddof = check_count("ddof", ddof, 0)
    r = as_array("responsibilities", responsibilities, (loadings.units, None), "(N, P)")
    _check_units(loadings, r.shape[1], ddof)
    if r.min(initial=0.0) < 0 or np.abs(r.sum(axis=1) - 1).max(initial=0.0) > 1e-9:
        raise InputError("responsibilities: expected shares, at least 0, that sum to 1 in each row")
    if r.sum(axis=0).min(initial=np.inf) <= ddof:
        raise InputError("responsibilities: a population has no units beyond ddof; drop its column")
    a, covariances, mean_errors, covariance_errors = moments_with_errors(
        loadings.values, r, means == "free", ddof
    )
    source = {**loadings.source, "gauge": loadings.gauge_name, "means": means, "ddof": ddof}
    return Populations(
        r.mean(axis=0), a, covariances, loadings.rank, loadings.inputs, loadings.outputs, loadings.phi,
        loadings.alpha, loadings.noise_std, means, mean_errors, covariance_errors, loadings.units,
        r if r.shape[1] > 1 else None, source,
    )  # fmt: skip


def _check_units(loadings, count, ddof):
    units = loadings.units
    if units < 2 or units <= check_count("ddof", ddof, 0) or count > units:
        raise InputError(
            f"loadings: {units} units cannot give {count} population(s) with ddof={ddof}; use more units"
        )


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
