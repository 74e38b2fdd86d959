"""Interventions: inactivate a population, or a share of it, or change its gain.

A gain c turns the activity of the units concerned from phi(x) into c phi(x), wherever it is read: by n and by
w. Nothing else changes, 1/N least of all, and units of gain 0 are silent. In a mixture the units concerned
become a population of their own,

    alpha_p N(a, Sigma)  ->  (1 - s) alpha_p N(a, Sigma) + s alpha_p N(C a, C Sigma C),

with the share s and C = diag(1 for m and I, c for n and w); for s = 1 it replaces the old one. So the result
has a mean field, can be redrawn and drawn as a circuit like any other.
"""

from dataclasses import replace

import numpy as np

from dynsys.populations.fit import Populations
from rnn.networks import LowRankRNN
from tasks.checks import as_array, check_count, check_number, check_rng
from tasks.errors import InputError


def inactivate(target, population=0, share=1.0, responsibilities=None, rng=None):
    """Silence a population, or a share of it: `scale_gain` with gain 0.

    Parameters
    ----------
    target, population, share, responsibilities, rng
        As in `scale_gain`.

    Returns
    -------
    Populations or LowRankRNN
        Whichever was given.

    Examples
    --------
    >>> net = LowRankRNN(*np.ones((4, 6, 1)))
    >>> int((inactivate(net, share=0.5, rng=0).w == 0).sum())
    3
    """
    return scale_gain(target, 0.0, population, share, responsibilities, rng)


def scale_gain(target, gain, population=0, share=1.0, responsibilities=None, rng=None):
    """Multiply the activity of a population, or of a share of it, by ``gain``.

    Parameters
    ----------
    target : Populations or LowRankRNN
        What to perturb: the mixture behind the mean field, or a network.
    gain : float
        c >= 0; 0 silences, 1 changes nothing.
    population : int, default 0
        Which population, counted from 0.
    share : float, default 1
        Share s of the population's units, in (0, 1].
    responsibilities : array_like (N, P), optional
        For a network: the probability of each population for each unit, as `fit_populations` leaves it in
        ``Populations.responsibilities``; a unit belongs to its most probable population. Left out, all units
        are population 0.
    rng : numpy.random.Generator or int, optional
        For a network and a share below 1: chooses the units.

    Returns
    -------
    Populations or LowRankRNN
        Whichever was given. Perturbed units of a `Populations` stand last, unless they are the whole
        population; its standard errors and responsibilities are dropped.

    Raises
    ------
    InputError
        No such population, a share outside (0, 1], a negative gain, responsibilities of another network.

    Examples
    --------
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1)
    >>> half = scale_gain(one, 0.5, share=0.25)
    >>> half.weights, half.covariance("n", "n", population=1)
    (array([0.75, 0.25]), 0.25)
    """
    gain = check_number("gain", gain, minimum=0.0)
    share = check_number("share", share, above=0.0, maximum=1.0)
    population = check_count("population", population, minimum=0)
    if isinstance(target, Populations):
        if responsibilities is not None:
            raise InputError("responsibilities: they choose units of a network; a Populations needs none")
        return _scale_populations(target, gain, population, share)
    if isinstance(target, LowRankRNN):
        return _scale_units(target, gain, population, share, responsibilities, rng)
    raise InputError(f"target: expected a Populations or a LowRankRNN, got {type(target).__name__}")


def _scale_populations(populations, gain, p, share):
    _refuse_unknown(p, populations.count)
    reading = np.arange(len(populations.names))
    R, S = populations.rank, populations.inputs
    reads = ((reading >= R) & (reading < 2 * R)) | (reading >= 2 * R + S)
    scale = np.where(reads, gain, 1.0)
    weights, means, covariances = populations.weights, populations.means, populations.covariances
    new = scale * means[p], covariances[p] * np.outer(scale, scale)
    if share < 1.0:
        weights = np.append(weights, share * weights[p])
        weights[p] *= 1.0 - share
        means = np.concatenate([means, new[0][None]])
        covariances = np.concatenate([covariances, new[1][None]])
    else:
        means, covariances = means.copy(), covariances.copy()
        means[p], covariances[p] = new
    change = {"population": p, "gain": gain, "share": share}
    source = {**populations.source, "perturbed": (*populations.source.get("perturbed", ()), change)}
    return replace(
        populations, weights=weights, means=means, covariances=covariances, mean_errors=None,
        covariance_errors=None, responsibilities=None, source=source,
    )  # fmt: skip


def _scale_units(net, gain, p, share, responsibilities, rng):
    if responsibilities is None:
        _refuse_unknown(p, 1)
        members = np.arange(net.units)
    else:
        r = as_array("responsibilities", responsibilities, (net.units, None), "(N, P)")
        _refuse_unknown(p, r.shape[1])
        members = np.flatnonzero(r.argmax(axis=1) == p)
    if share < 1.0:
        chosen = check_rng(rng).choice(members, size=round(share * len(members)), replace=False)
    else:
        chosen = members
    scale = np.ones((net.units, 1))
    scale[chosen] = gain
    return replace(net, n=scale * net.n, w=scale * net.w)


def _refuse_unknown(p, count):
    if p >= count:
        are = "is" if count == 1 else "are"
        raise InputError(f"population: there is no number {p}; there {are} {count}, counted from 0")
