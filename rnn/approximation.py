"""Low-rank approximations of full-rank networks."""

import numpy as np

from rnn.networks import FullRankRNN, LowRankRNN
from tasks.checks import check_count
from tasks.errors import InputError


def truncate(net, rank, initial=None):
    """Keep the leading singular vectors of a network's recurrent matrix.

    J = U S V^T is cut to its ``rank`` largest singular values, m = sqrt(N) U, n = sqrt(N) V S, so that
    (1/N) m n^T is the best approximation of J of that rank. Inputs, readout and settings stay. Of a low-rank
    network, whose columns may be linearly dependent, J itself is not formed.

    Parameters
    ----------
    net : FullRankRNN or LowRankRNN
        The network.
    rank : int
        Rank of the result, at most N, or at most R.
    initial : FullRankRNN, optional
        The network before training; then the learned part J - J_0 is cut instead of J, and J_0 is dropped.

    Returns
    -------
    LowRankRNN

    Raises
    ------
    InputError
        No network, a rank above N or R, or an initial network of another size or beside a low-rank one.

    Examples
    --------
    >>> J = np.diag([3.0, 2.0, 1.0])
    >>> net = truncate(FullRankRNN(J, np.zeros(3), np.ones(3)), rank=1)
    >>> (net.m @ net.n.T / 3).round(12)[0]
    array([3., 0., 0.])
    """
    if not isinstance(net, (FullRankRNN, LowRankRNN)):
        raise InputError(f"net: expected a FullRankRNN or a LowRankRNN, got {type(net).__name__}")
    rank = check_count("rank", rank)
    if rank > net.units:
        raise InputError(f"rank: {rank} is above the number of units, {net.units}")
    if isinstance(net, LowRankRNN):
        return _truncate_further(net, rank, initial)
    J = net.J
    if initial is not None:
        if not isinstance(initial, FullRankRNN) or initial.units != net.units:
            raise InputError(f"initial: expected a FullRankRNN of {net.units} units, got {initial!r}")
        J = J - initial.J
    u, s, vt = np.linalg.svd(J)
    return _network(net, u[:, :rank], s[:rank], vt[:rank].T)


def _truncate_further(net, rank, initial):
    if initial is not None:
        raise InputError("initial: it goes with a full-rank network; a low-rank one has no J_0")
    if rank > net.rank:
        raise InputError(f"rank: {rank} is above the network's own, R = {net.rank}")
    q_m, r_m = np.linalg.qr(net.m)
    q_n, r_n = np.linalg.qr(net.n)
    u, s, vt = np.linalg.svd(r_m @ r_n.T / net.units)
    return _network(net, q_m @ u[:, :rank], s[:rank], q_n @ vt[:rank].T)


def _network(net, u, s, v):
    m, n = np.sqrt(net.units) * u, np.sqrt(net.units) * v * s
    return LowRankRNN(m, n, net.I, net.w, net.h0, net.phi, net.alpha, net.noise_std)
