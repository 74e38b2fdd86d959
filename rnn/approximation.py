"""Low-rank approximations of full-rank networks."""

import numpy as np

from rnn.networks import FullRankRNN, LowRankRNN
from tasks.checks import check_count
from tasks.errors import InputError


def truncate(net, rank, initial=None):
    """Keep the leading singular vectors of a full-rank network's recurrent matrix.

    J = U S V^T is cut to its ``rank`` largest singular values, m = sqrt(N) U, n = sqrt(N) V S, so that
    (1/N) m n^T is the best approximation of J of that rank. Inputs, readout and settings stay.

    Parameters
    ----------
    net : FullRankRNN
        The network.
    rank : int
        Rank R of the result, at most N.
    initial : FullRankRNN, optional
        The network before training; then the learned part J - J_0 is cut instead of J, and J_0 is dropped.

    Returns
    -------
    LowRankRNN

    Raises
    ------
    InputError
        Not a full-rank network, a rank above N, or an initial network of another size.

    Examples
    --------
    >>> J = np.diag([3.0, 2.0, 1.0])
    >>> net = truncate(FullRankRNN(J, np.zeros(3), np.ones(3)), rank=1)
    >>> (net.m @ net.n.T / 3).round(12)[0]
    array([3., 0., 0.])
    """
    if not isinstance(net, FullRankRNN):
        raise InputError(f"net: expected a FullRankRNN, got {type(net).__name__}; it is of low rank already")
    rank = check_count("rank", rank)
    if rank > net.units:
        raise InputError(f"rank: {rank} is above the number of units, {net.units}")
    J = net.J
    if initial is not None:
        if not isinstance(initial, FullRankRNN) or initial.units != net.units:
            raise InputError(f"initial: expected a FullRankRNN of {net.units} units, got {initial!r}")
        J = J - initial.J
    u, s, vt = np.linalg.svd(J)
    m = np.sqrt(net.units) * u[:, :rank]
    n = np.sqrt(net.units) * vt[:rank].T * s[:rank]
    return LowRankRNN(m, n, net.I, net.w, net.h0, net.phi, net.alpha, net.noise_std)
