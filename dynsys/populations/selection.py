"""Which mixture, by what matters: do networks redrawn from it do the task?

The likelihood of the loadings knows nothing of the task, and accuracy is not monotone in the number of
populations: among the local optima of EM, with soft or hard memberships, the likeliest need not be the one
that works. Here each is redrawn, with the same random numbers and trials for all, and judged.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dynsys.populations.fit import fit_populations, populations_from_mixture
from dynsys.populations.mixture import mixture_optima
from dynsys.populations.redraw import redraw, share_out
from rnn.connectivity import Loadings
from rnn.simulation import simulate
from tasks.base import Task
from tasks.checks import check_count, check_kind, check_rng, choose
from tasks.errors import InputError
from tasks.results import html_table

CHECK_DRAWS = 4  # the best is judged again by this many times as many networks


@dataclass(frozen=True, eq=False, repr=False)
class PopulationSelection:
    """Result of `select_populations`.

    Parameters
    ----------
    candidates : tuple of Populations, length K
        All that were tried, best first.
    accuracies : ndarray (K,)
        Mean accuracy of the networks redrawn from each.
    errors : ndarray (K,)
        Standard errors of those means over networks.
    accuracy, error : float
        The same of the best one over new networks and new trials, free of the luck by which it was chosen.
    settings : dict
        Plain values: task, units, draws, trials, whether moments were exact.

    Examples
    --------
    >>> from dynsys.populations import Populations
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1)
    >>> PopulationSelection((one,), np.array([0.9]), np.array([0.01]), 0.89, 0.01, {}).simplest.count
    1
    """

    candidates: tuple
    accuracies: np.ndarray
    errors: np.ndarray
    accuracy: float
    error: float
    settings: dict

    @property
    def best(self):
        """Populations : whose redrawn networks are right most often."""
        return self.candidates[0]

    @property
    def simplest(self):
        """Populations : the fewest that come within one standard error of the best."""
        enough = self.accuracies >= self.accuracies[0] - self.errors[0]
        return min((one for one, ok in zip(self.candidates, enough) if ok), key=lambda one: one.count)

    def __repr__(self):
        return (
            f"PopulationSelection(best of {len(self.candidates)}: {_label(self.best)}; redrawn accuracy "
            f"{self.accuracy:.3f} \N{PLUS-MINUS SIGN} {self.error:.3f} over new networks)"
        )

    def _repr_html_(self):
        rows = [
            (
                one.count, one.means_kind, one.source.get("membership", "-"),
                f"{one.source.get('log_likelihood', np.nan):.3f}",
                f"{mean:.3f} \N{PLUS-MINUS SIGN} {error:.3f}",
            )
            for one, mean, error in zip(self.candidates, self.accuracies, self.errors)
        ]  # fmt: skip
        header = ("populations", "means", "membership", "log-likelihood", "redrawn accuracy")
        return html_table(rows, header, repr(self))


def select_populations(
    loadings_, task, counts=(1, 2, 3), means=("free",), membership=("soft", "hard"), restarts=20, optima=3,
    draws=10, units=None, exact_moments=True, trials=300, *, rng,
):  # fmt: skip
    """Choose among mixtures by the accuracy of networks redrawn from them.

    Parameters
    ----------
    loadings_ : Loadings
        From `rnn.loadings`.
    task : Task
        What redrawn networks have to do.
    counts : sequence of int
        Numbers of populations to try.
    means, membership : sequence of str
        Kinds of means and of memberships to try; see `fit_populations`.
    restarts : int, default 20
        Number of starts of EM.
    optima : int, default 3
        How many local optima of the likelihood to try for each number of populations.
    draws : int, default 10
        Number of networks redrawn from each candidate; the best is judged again by four times as many.
    units : int, optional
        Units of a redrawn network; as many as were fitted if left out.
    exact_moments : bool, default True
        Redraw with exact moments (see `redraw`): judges the mixture and not the sampling error. Candidates
        with a population of too few units for that are left out.
    trials : int, default 300
        Number of trials for each network.
    rng : numpy.random.Generator or int
        Source of starts, neurons, trials and noise.

    Returns
    -------
    PopulationSelection

    Raises
    ------
    InputError
        What `fit_populations` refuses; a task whose accuracy cannot be told; no candidate whose populations
        have units enough for exact moments.

    Examples
    --------
    >>> from rnn import load_example, loadings
    >>> from tasks import get_task
    >>> rows = loadings(load_example("rdm"))
    >>> chosen = select_populations(rows, get_task("rdm"), (1, 2), draws=2, trials=40, restarts=3, rng=0)
    >>> chosen.accuracies.shape, chosen.simplest.count
    ((7,), 1)
    """
    check_kind("loadings", loadings_, Loadings, "take them from a network with loadings(net)")
    check_kind("task", task, Task, "such as get_task('context')")
    rng, draws = check_rng(rng), check_count("draws", draws, 2)
    units = loadings_.units if units is None else check_count("units", units)
    candidates = _candidates(loadings_, counts, means, membership, restarts, optima, rng)
    if exact_moments:
        candidates = [one for one in candidates if share_out(one.weights, units).min() > one.means.shape[1]]
    if not candidates:
        raise InputError(
            f"units: {units} are too few for exact moments of any candidate; ask for more units, fewer "
            "populations or exact_moments=False"
        )
    judge = _Judge(task, check_count("trials", trials), units, exact_moments)
    given, seeds = judge.draw(rng), rng.integers(2**63, size=draws)
    found = [judge(one, given, seeds) for one in candidates]
    order = sorted(range(len(found)), key=lambda k: (-found[k].mean(), candidates[k].count))
    best = candidates[order[0]]
    again = judge(best, judge.draw(rng), rng.integers(2**63, size=CHECK_DRAWS * draws))
    settings = {
        "task": task.name, "units": units, "draws": draws, "trials": trials, "exact_moments": exact_moments
    }  # fmt: skip
    return PopulationSelection(
        tuple(candidates[k] for k in order),
        np.array([found[k].mean() for k in order]),
        np.array([_error(found[k]) for k in order]),
        float(again.mean()), _error(again), settings,
    )  # fmt: skip


class _Judge:
    """Accuracies of networks redrawn from a mixture, on given trials and from given seeds."""

    def __init__(self, task, trials, units, exact_moments):
        self.task, self.trials, self.units, self.exact_moments = task, trials, units, exact_moments

    def draw(self, rng):
        return self.task.trials(self.trials, rng)

    def __call__(self, populations, trials, seeds):
        nets = (redraw(populations, self.units, int(seed), self.exact_moments) for seed in seeds)
        runs = (simulate(net, trials, int(seed), states=False) for net, seed in zip(nets, seeds))
        return np.array([self.task.accuracy(run.outputs, trials) for run in runs])


def _candidates(loadings_, counts, means, membership, restarts, optima, rng):
    """One population once; of several, every optimum with every kind of means and memberships."""
    counts, means = _several("counts", counts), _several("means", means)
    membership = _several("membership", membership)
    for kind in means:
        choose("means", kind, ("free", "zero"))
    for how in membership:
        choose("membership", how, ("soft", "hard"))
    optima, candidates = check_count("optima", optima), []
    for count in counts:
        for kind in means:
            if check_count("counts", count) == 1 or count > loadings_.units:  # the latter is refused
                candidates.append(fit_populations(loadings_, count, kind, rng=rng))
                continue
            found = mixture_optima(loadings_.values, count, kind == "free", restarts, rng, optima)
            candidates += [
                populations_from_mixture(loadings_, one, kind, 0, how)
                for one in found
                for how in membership
                if how == "soft" or len(np.unique(one.responsibilities.argmax(axis=1))) == count
            ]
    return candidates


def _several(name, values):
    values = (values,) if isinstance(values, str) or not isinstance(values, Iterable) else tuple(values)
    if not values:
        raise InputError(f"{name}: give one or more to try")
    return values


def _label(populations):
    how = populations.source.get("membership")
    kind = f"{populations.means_kind} means" + (f", {how} memberships" if how else "")
    return f"{populations.count} population{'s' * (populations.count > 1)}, {kind}"


def _error(values):
    return float(values.std(ddof=1) / np.sqrt(len(values)))
