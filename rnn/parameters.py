"""What is trained: a network as a flat vector theta, and back.

Each of m, n, I, w, and J of a full-rank network, can be trained entry by entry, or frozen; I and w can also
be trained through one gain for each channel, I_s = gain_s * I_s(initial), as the published recipes do.
"""

from dataclasses import dataclass, replace

import numpy as np

from rnn.connectivity import readout_scale
from rnn.kernels.parameters import FREE, FROZEN, GAIN, collect, expand
from rnn.networks import FullRankRNN, LowRankRNN
from tasks.checks import choose, narrowed
from tasks.errors import InputError

TRAINABLE = ("m", "n", "J", "I", "w", "I_gain", "w_gain")


@dataclass(frozen=True, eq=False)
class Parameters:
    """Which rows of a network are trained, and how they map to theta.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The initial network; gains multiply its I and w.
    base : ndarray (2 R + S + O, N) or (N + S + O, N)
        Its rows m_r, I_s, n_r, w_o, or J_i, I_s, w_o, in the precision of training.
    counts : (int, int)
        Numbers of rows of the two factors: R + S and R + O, or N + S and O.
    kinds, starts, scales : ndarray (2 R + S + O,) or (N + S + O,)
        How each row is trained, where it starts in theta, and its factor 1 or 1/N.
    size : int
        Length of theta.

    Examples
    --------
    >>> net = LowRankRNN(*np.ones((4, 8, 1)))
    >>> parameters(net, ("m", "n", "w_gain")).size
    17
    """

    net: LowRankRNN | FullRankRNN
    base: np.ndarray
    counts: tuple
    kinds: np.ndarray
    starts: np.ndarray
    scales: np.ndarray
    size: int


def parameters(net, train, dtype=np.float32):
    """Lay out what is trained.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The initial network.
    train : sequence of str
        Some of "m", "n" or "J", and "I", "w", "I_gain", "w_gain".
    dtype : numpy dtype, default float32
        Precision of training.

    Returns
    -------
    Parameters

    Raises
    ------
    InputError
        Nothing to train, a name that is unknown or not the network's, or a name together with its gain.

    Examples
    --------
    >>> parameters(LowRankRNN(*np.ones((4, 8, 1))), ("I", "I_gain"))
    Traceback (most recent call last):
    tasks.errors.InputError: train: 'I' and 'I_gain' exclude each other; leave one of them out
    """
    check_trained(train)
    left, right = _parts(net)
    order = left | right
    for name in train:
        if name.removesuffix("_gain") not in order:
            has = ", ".join(repr(other) for other in TRAINABLE if other.removesuffix("_gain") in order)
            raise InputError(f"train: {net!r} has no {name!r}; choose some of {has}")
    base = np.vstack([narrowed(name, columns.T, dtype) for name, columns in order.items()])
    kinds = np.concatenate([np.full(columns.shape[1], _kind(name, train)) for name, columns in order.items()])
    lengths = np.choose(kinds, (0, net.units, 1))
    counts = [sum(columns.shape[1] for columns in part.values()) for part in (left, right)]
    scales = np.repeat([1.0, readout_scale(net.units)], counts).astype(dtype)
    starts = np.cumsum(lengths) - lengths
    return Parameters(net, base, tuple(counts), kinds, starts, scales, int(lengths.sum()))


def check_trained(train):
    """Refuse a list of trained parts that is empty, unknown or contradicts itself.

    Examples
    --------
    >>> check_trained(("m", "n"))
    """
    if not isinstance(train, (list, tuple)) or not train:
        raise InputError(f"train: give a tuple of names out of {', '.join(TRAINABLE)}, got {train!r}")
    for name in train:
        choose("train", name, TRAINABLE)
        if f"{name}_gain" in train:
            raise InputError(f"train: {name!r} and '{name}_gain' exclude each other; leave one of them out")


def initial_theta(layout):
    """Theta of the initial network: its free rows, and 1 for each gain.

    Examples
    --------
    >>> initial_theta(parameters(LowRankRNN(*np.full((4, 2, 1), 3.0)), ("m", "w_gain")))
    array([3., 3., 1.], dtype=float32)
    """
    parts = [
        row if kind == FREE else np.ones(1, row.dtype)
        for row, kind in zip(layout.base, layout.kinds)
        if kind != FROZEN
    ]
    return np.concatenate(parts)


def write_factors(layout, theta, left, right):
    """Write the factors that belong to theta into ``left`` (R + S, N) and ``right`` (R + O, N).

    Examples
    --------
    >>> layout = parameters(LowRankRNN(*np.full((4, 2, 1), 3.0)), ("m", "w_gain"))
    >>> left, right = np.empty((2, 2, 2), np.float32)
    >>> write_factors(layout, np.array([5, 5, 2], np.float32), left, right)
    >>> left[0], right[1]
    (array([5., 5.], dtype=float32), array([3., 3.], dtype=float32))
    """
    expand(theta, layout.base, layout.kinds, layout.starts, layout.scales, left, right)


def read_gradient(layout, dleft, dright):
    """Gradient with respect to theta from the blocks' gradients with respect to the factors.

    Parameters
    ----------
    layout : Parameters
        The layout.
    dleft, dright : ndarray (blocks, R + S, N), (blocks, R + O, N)
        As `rnn.gradient.GradientRunner` leaves them.

    Returns
    -------
    ndarray (P,)

    Examples
    --------
    >>> layout = parameters(LowRankRNN(*np.full((4, 2, 1), 3.0)), ("m", "w_gain"))
    >>> read_gradient(layout, *np.ones((2, 1, 2, 2), np.float32))
    array([1., 1., 3.], dtype=float32)
    """
    gradient = np.empty(layout.size, layout.base.dtype)
    collect(dleft, dright, layout.base, layout.kinds, layout.starts, layout.scales, gradient)
    return gradient


def network(layout, theta):
    """The network that belongs to theta, in float64.

    Examples
    --------
    >>> net = LowRankRNN(*np.full((4, 2, 1), 3.0))
    >>> layout = parameters(net, ("m", "n"))
    >>> network(layout, initial_theta(layout)).hash == net.hash
    True
    """
    left, right = _parts(layout.net)
    rows = np.empty_like(layout.base)
    terms = layout.counts[0]
    natural = np.ones_like(layout.scales)
    expand(theta, layout.base, layout.kinds, layout.starts, natural, rows[:terms], rows[terms:])
    order = left | right
    ends = np.cumsum([columns.shape[1] for columns in order.values()])
    parts = dict(zip(order, np.split(rows.T, ends[:-1], axis=1)))
    if "J" in parts:
        parts["J"] = parts["J"].T
    return replace(layout.net, **parts)


def _parts(net):
    """The columns behind the rows of the two factors, by name."""
    if isinstance(net, FullRankRNN):
        return {"J": net.J.T, "I": net.I}, {"w": net.w}
    return {"m": net.m, "I": net.I}, {"n": net.n, "w": net.w}


def _kind(name, train):
    if name in train:
        return FREE
    return GAIN if f"{name}_gain" in train else FROZEN
