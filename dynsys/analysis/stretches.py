"""Stretches of constant input in noisy trials, and the levels that they share.

Where a trial's input changes within an epoch is found by optimal partitioning: of all ways to cut an epoch
into stretches the one with the least

    sum over stretches of ( sum_t,c (u_tc - mean_c)^2 / noise_c^2 + penalty )

(Jackson et al. 2005), the penalty such that noise alone hardly ever cuts (Laurent & Massart 2000). Levels of
a channel are then the fewest values from which no stretch's mean is farther than its error allows.
"""

from typing import NamedTuple

import numpy as np

from dynsys.numerics.partition import best_cuts

# Noise of a channel counts as at least this share of its range; levels are no closer than that.
FLOOR = 0.005
# Longest stretch that is looked at as one; those that follow each other at one level are joined later.
LONGEST = 256
# An epoch whose typical step belongs to a stretch shorter than this has no levels, but one mean.
SHORTEST = 3.0
# A mean may be so many standard errors from its level.
ERRORS = 4.0
ROUNDS = 20
# Errors up to so many times the typical one are known equally well.
SURER = 1.5
# A level that fewer than this share of the stretches of either neighbouring level have may be a mixture of
# these two; it is one where its steps scatter more than noise does by a chance of exp(-UNLIKELY).
RARE, UNLIKELY = 0.5, 7.0
# Where it has a smaller share yet, of stretches no longer than this, it is an outlier of the noise.
OUTLIERS, SHORT = 0.02, 2
# An epoch with fewer pairs of neighbouring steps tells nothing of its noise.
FEWEST = 10


class Stretches(NamedTuple):
    """Stretches of constant input, one in each place of every array.

    Parameters
    ----------
    trial, start, stop : ndarray of int (K,)
        Which steps of which trial.
    epoch : ndarray of int (K,)
        Number of its epoch.
    whole : ndarray of bool (K,)
        Whether it is all of that epoch.
    means, errors : ndarray (K, S)
        Mean input, and its standard error.

    Examples
    --------
    >>> find_stretches(np.zeros((1, 4, 1)), np.zeros((1, 1, 2), int) + [0, 4]).whole
    array([ True])
    """

    trial: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    epoch: np.ndarray
    whole: np.ndarray
    means: np.ndarray
    errors: np.ndarray

    @property
    def steps(self):
        """ndarray of int (K,) : length of each."""
        return self.stop - self.start


def find_stretches(inputs, bounds):
    """Cut the epochs of trials into stretches of constant input.

    Parameters
    ----------
    inputs : ndarray (B, T, S)
        Inputs of the trials.
    bounds : ndarray of int (E, B, 2)
        First step of each epoch and the step after its last; a step in several counts for the shortest.

    Returns
    -------
    Stretches

    Examples
    --------
    >>> inputs = np.zeros((1, 9, 1))
    >>> inputs[0, 3:6] = 1.0
    >>> find_stretches(inputs, np.array([[[0, 9]]])).means.ravel()
    array([0., 1., 0.])
    """
    batch, steps, channels = inputs.shape
    owner = np.full((batch, steps), -1)
    lengths = np.diff(bounds, axis=2)[:, :, 0]
    step = np.arange(steps)
    for e in np.argsort(-lengths.sum(axis=1), kind="stable"):
        owner[(step >= bounds[e, :, :1]) & (step < bounds[e, :, 1:])] = e
    everywhere = _noise(inputs, owner >= 0)
    noise = np.array([_noise(inputs, owner == e, everywhere) for e in range(len(bounds))])
    floor = FLOOR * np.maximum(np.ptp(inputs, axis=(0, 1)), 1e-300)
    begin = _begin(owner)
    cuts = _partition(inputs / np.maximum(noise, floor)[owner], begin)
    rows = []
    for e in range(len(bounds)):
        pieces = [piece for piece in cuts if owner[piece[0], piece[1]] == e]
        sizes = np.array([stop - start for _, start, stop in pieces])
        if len(sizes) and (sizes**2).sum() < SHORTEST * sizes.sum():
            pieces = sorted({(b, *_run(begin, owner, b, start)) for b, start, _ in pieces})
        for b, start, stop in pieces:
            whole = (start, stop) == _run(begin, owner, b, start)
            rows.append((b, start, stop, e, whole, inputs[b, start:stop].mean(axis=0)))
    columns = [np.array(column) for column in zip(*rows)]
    trial, start, stop, epoch, whole, means = columns
    return Stretches(trial, start, stop, epoch, whole, means, noise[epoch] / np.sqrt(stop - start)[:, None])


def pooled(stretches):
    """Stretches whose means are better known: in a channel of an epoch that does not differ between trials.

    Examples
    --------
    >>> found = find_stretches(np.array([[[0.1], [-0.1]], [[-0.1], [0.1]]]), np.array([[[0, 2]] * 2]))
    >>> bool((pooled(found).errors < found.errors).all())
    True
    """
    means, errors = stretches.means.copy(), stretches.errors.copy()
    for e in np.unique(stretches.epoch):
        rows = np.flatnonzero((stretches.epoch == e) & stretches.whole)
        if len(rows) == 0 or len(rows) < (stretches.epoch == e).sum():
            continue
        weights = stretches.steps[rows]
        common = np.average(means[rows], axis=0, weights=weights)
        same = (np.abs(means[rows] - common) <= ERRORS * errors[rows]).all(axis=0)
        share = np.sqrt(weights / weights.sum())
        means[np.ix_(rows, same)] = common[same]
        errors[np.ix_(rows, same)] *= share[:, None]
    return stretches._replace(means=means, errors=errors)


def levels_of(values, errors, steps, width):
    """The level that each of several means belongs to: clusters on a line, none wider than errors allow.

    Parameters
    ----------
    values, errors : ndarray (K,)
        Means and their standard errors.
    steps : ndarray (K,)
        Their weights.
    width : float
        Range of the channel's inputs.

    Returns
    -------
    which : ndarray of int (K,)
        Number of the level, ascending.
    levels : ndarray (L,)
        Mean of each.

    Examples
    --------
    >>> levels_of(np.array([0.11, 0.3, 0.09]), np.full(3, 0.01), np.ones(3), 0.3)
    (array([0, 1, 0]), array([0.1, 0.3]))
    """
    reach = np.maximum(ERRORS * errors, FLOOR * width)
    which, levels, left = np.full(len(values), -1), np.zeros(0), np.arange(len(values))
    while len(left):  # the surest first: what is known badly would join levels that are apart
        order = left[np.argsort(errors[left], kind="stable")]
        middle = np.searchsorted(np.cumsum(steps[order]), 0.5 * steps[order].sum())
        sure = left[errors[left] <= SURER * errors[order[middle]]]
        for group in _clusters(values, reach, steps, sure):
            which[group] = len(levels)
            levels = np.append(levels, np.average(values[group], weights=steps[group]))
        left = left[which[left] < 0]
        nearest = np.abs(values[left, None] - levels).argmin(axis=1)
        fits = np.abs(values[left] - levels[nearest]) <= reach[left]
        which[left[fits]] = nearest[fits]
        left = left[~fits]
    which = np.argsort(np.argsort(levels))[which]
    for _ in range(ROUNDS):  # Lloyd's: the surer boundaries that levels give each other
        which = _joined(which, values, errors, steps)
        weights = np.bincount(which, steps)
        levels = np.bincount(which, steps * values) / weights
        nearest = np.abs(values[:, None] - levels).argmin(axis=1)
        nearest = np.unique(nearest, return_inverse=True)[1]
        if (nearest == which).all():
            break
        which = nearest
    return which, np.bincount(which, steps * values) / np.bincount(which, steps)


def mixed_stretches(stretches, which, inputs, channel):
    """Stretches that a cut has missed: steps of two levels, whose mean looks like a rare level between them.

    Pulses of several channels that begin within a step or two of each other are sometimes cut as one. The
    mean of such a stretch is no level, and its steps tell: they scatter from one level to the other.

    Parameters
    ----------
    stretches : Stretches
        As they were found.
    which : ndarray of int (K,)
        Level of each in the channel, ascending, from `levels_of`.
    inputs : ndarray (B, T, S)
        Inputs of the trials.
    channel : int
        Which of them.

    Returns
    -------
    ndarray of bool (K,)

    Examples
    --------
    >>> inputs = np.zeros((2, 40, 1)) + 0.01 * (-1.0) ** np.arange(40)[:, None]
    >>> inputs[:, 10:20] += 1.0
    >>> found = find_stretches(inputs, np.array([[[0, 40]] * 2]))
    >>> mixed_stretches(found, np.array([0, 1, 0, 0, 1, 0]), inputs, 0).any()
    np.False_
    """
    mixed = np.zeros(len(which), dtype=bool)
    counts = np.bincount(which)
    noise = stretches.errors[:, channel] * np.sqrt(stretches.steps)
    noise = np.maximum(noise, FLOOR * max(np.ptp(inputs[..., channel]), 1e-300))
    for level in range(1, len(counts) - 1):
        rows = np.flatnonzero(which == level)
        beside = min(counts[level - 1], counts[level + 1])
        if counts[level] >= RARE * beside or stretches.whole[rows].any():
            continue
        parts = [inputs[stretches.trial[k], stretches.start[k] : stretches.stop[k], channel] for k in rows]
        scatter = sum(((part - part.mean()) ** 2).sum() / noise[k] ** 2 for k, part in zip(rows, parts))
        free = stretches.steps[rows].sum() - len(rows)
        outlier = counts[level] <= OUTLIERS * beside and stretches.steps[rows].max() <= SHORT
        mixed[rows] = outlier or scatter > free + 2 * np.sqrt(UNLIKELY * free) + 2 * UNLIKELY
    return mixed


def _clusters(values, reach, steps, rows):
    """Groups of neighbouring values, from the left, whose first and last stay within reach of their mean."""
    groups, total, weight = [], 0.0, 0.0
    for k in rows[np.argsort(values[rows], kind="stable")]:
        middle = (total + steps[k] * values[k]) / (weight + steps[k])
        if groups and all(abs(values[i] - middle) <= reach[i] for i in (groups[-1][0], k)):
            groups[-1].append(k)
            total, weight = total + steps[k] * values[k], weight + steps[k]
        else:
            groups.append([k])
            total, weight = steps[k] * values[k], float(steps[k])
    return groups


def _joined(which, values, errors, steps):
    """Neighbouring levels joined that are nearer than errors typical of them: outliers had split them."""
    levels = np.bincount(which, steps * values) / np.bincount(which, steps)
    typical = np.array([np.median(errors[which == n]) for n in range(len(levels))])
    apart = np.diff(levels) > ERRORS * np.maximum(typical[1:], typical[:-1])
    return np.concatenate([[0], np.cumsum(apart)])[which]


def _noise(inputs, inside, otherwise=None):
    """Standard deviation of each channel's noise, from differences of neighbours: a few jumps do no harm."""
    pairs = inside[:, 1:] & inside[:, :-1]
    if otherwise is not None and pairs.sum() < FEWEST:
        return otherwise
    if not pairs.any():
        return np.zeros(inputs.shape[2])
    moves = np.abs(np.diff(inputs, axis=1)[pairs])
    return np.median(moves, axis=0) / (0.6745 * np.sqrt(2))


def _begin(owner):
    """First step of the run of one epoch that each step belongs to."""
    new = np.ones(owner.shape, dtype=bool)
    new[:, 1:] = owner[:, 1:] != owner[:, :-1]
    return np.maximum.accumulate(np.where(new, np.arange(owner.shape[1]), 0), axis=1)


def _run(begin, owner, b, step):
    """First step of a run and the one after its last."""
    start = begin[b, step]
    same = begin[b, start:] == start
    return int(start), int(start + (len(same) if same.all() else same.argmin()))


def _partition(scaled, begin):
    """The best stretches (trial, start, stop) of inputs in units of their noise, never across runs."""
    batch, steps, channels = scaled.shape
    chance = np.log(batch * steps + 1.0)
    penalty = channels + 2 * np.sqrt(channels * chance) + 2 * chance
    scaled = scaled - scaled.mean(axis=(0, 1))
    origin = best_cuts(np.ascontiguousarray(scaled), begin, penalty, LONGEST)
    found = []
    for b in range(batch):
        t = steps
        while t > 0:
            found.append((b, int(origin[b, t]), t))
            t = int(origin[b, t])
    return found[::-1]
