"""What the arrays of the published state dicts mean, and checks that a set of arrays fits together."""

import numpy as np

from rnn.archives import shown
from rnn.networks import FullRankRNN, LowRankRNN
from tasks.checks import as_array
from tasks.errors import InputError

# Axes of the published arrays: N units, R rank, S inputs, O outputs.
_SHARED = {"wi": "SN", "si": "S", "wo": "NO", "so": "O", "h0": "N"}
_LOW_RANK = {"m": "NR", "n": "NR", **_SHARED}
_FULL_RANK = {"wrec": "NN", **_SHARED}
_ADVICE = (
    "A low-rank network is stored as m, n, wi, si, wo, so, h0, a full-rank one as wrec, wi, si, wo, so, h0; "
    "without scalar gains put si = so = 1, without a start h0 = 0"
)


def network_from_state_dict(state, alpha=0.2, noise_std=0.0, phi="tanh"):
    """Make a network of the arrays of a published state dict.

    The networks published with Dubreuil et al. 2022 store ``wi`` (S, N), ``si`` (S,), ``wo`` (N, O),
    ``so`` (O,), ``h0`` (N,) and either ``m``, ``n`` (N, R) or ``wrec`` (N, N). They mean

        low rank    J = (1/N) m n^T,   I = wi^T * si,   w = wo * so,      z = (1/N) w^T phi(x)
        full rank   J = wrec,          I = wi^T * si,   w = N * wo * so,  z = (1/N) w^T phi(x)

    with a factor N in full rank because those networks read out without 1/N.

    Parameters
    ----------
    state : dict of str to array_like
        As `read_state_dict` returns it.
    alpha, noise_std : float
        What a state dict does not store; see `LowRankRNN`.
    phi : str, default "tanh"
        See `LowRankRNN`.

    Returns
    -------
    LowRankRNN or FullRankRNN

    Raises
    ------
    InputError
        Missing or unknown arrays, lengths that disagree, entries that are not finite.

    Examples
    --------
    >>> N, S, R, O = 6, 2, 1, 1
    >>> state = dict(wi=np.ones((S, N)), si=np.full(S, 3.0), m=np.ones((N, R)), n=np.ones((N, R)),
    ...              wo=np.ones((N, O)), so=np.full(O, 0.5), h0=np.zeros(N))
    >>> net = network_from_state_dict(state)
    >>> net.I[0], net.w[0]
    (array([3., 3.]), array([0.5]))
    """
    axes = _FULL_RANK if "wrec" in state else _LOW_RANK
    check_names(state, axes, _ADVICE)
    check_lengths({name: np.shape(state[name]) for name in axes}, axes)
    # Entries that overflow or are a signalling NaN are refused by name, not warned about.
    with np.errstate(over="ignore", invalid="ignore"):
        arrays = {name: as_array(name, state[name]) for name in axes}
        I, w = arrays["wi"].T * arrays["si"], arrays["wo"] * arrays["so"]
        if axes is _LOW_RANK:
            return LowRankRNN(arrays["m"], arrays["n"], I, w, arrays["h0"], phi, alpha, noise_std)
        return FullRankRNN(arrays["wrec"], I, len(w) * w, arrays["h0"], phi, alpha, noise_std)


def check_names(given, expected, advice=""):
    """Refuse names of arrays that are not the expected ones, listing the missing and the unknown.

    Parameters
    ----------
    given, expected : iterable of str
        The names at hand and the names needed.
    advice : str, optional
        What to add to the error.

    Raises
    ------
    InputError

    Examples
    --------
    >>> check_names(["m", "q"], ["m", "n"])
    Traceback (most recent call last):
    tasks.errors.InputError: missing arrays: 'n'; unknown arrays: 'q'
    """
    missing = [name for name in expected if name not in given]
    unknown = [name for name in given if name not in expected]
    parts = [f"missing arrays: {shown(missing)}"] * bool(missing)
    parts += [f"unknown arrays: {shown(unknown)}"] * bool(unknown)
    if parts:
        raise InputError("; ".join(parts) + (f". {advice}" if advice else ""))


def check_lengths(shapes, axes):
    """Refuse arrays whose axes disagree, listing every array that has the axis in question.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Shape of each array.
    axes : dict of str to str
        A letter for each axis of each array; equal letters mean equal lengths.

    Raises
    ------
    InputError

    Examples
    --------
    >>> check_lengths({"m": (5, 1), "h0": (4,)}, {"m": "NR", "h0": "N"})
    Traceback (most recent call last):
    tasks.errors.InputError: N differs between arrays: m (N, R) = (5, 1), h0 (N,) = (4,)
    """
    lengths = {}
    for name, letters in axes.items():
        if len(shapes[name]) != len(letters):
            raise InputError(f"{name}: expected {_written(letters)}, got {shapes[name]}")
        for letter, length in zip(letters, shapes[name]):
            lengths.setdefault(letter, set()).add(length)
    for letter, found in lengths.items():
        if len(found) > 1:
            holders = [name for name in axes if letter in axes[name]]
            listed = ", ".join(f"{name} {_written(axes[name])} = {shapes[name]}" for name in holders)
            raise InputError(f"{letter} differs between arrays: {listed}{_turned(shapes, axes)}")


def _written(letters):
    return "(" + ", ".join(letters) + (",)" if len(letters) == 1 else ")")


def _turned(shapes, axes):
    """A hint if turning one matrix makes all lengths agree."""
    for name in axes:
        trial = {**shapes, name: shapes[name][::-1]}
        lengths = {}
        for other, letters in axes.items():
            for letter, length in zip(letters, trial[other]):
                lengths.setdefault(letter, set()).add(length)
        if all(len(found) == 1 for found in lengths.values()):
            return f"; did you mean {name}.T?"
    return ""
