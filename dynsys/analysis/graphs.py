"""The circuit as a graph: inputs, kappas and outputs as nodes, effective couplings as edges (THEORY 3).

    q <- y     sigma~_qy = sum_p alpha_p Sigma^p_qy <phi'>_p        q: n_r or w_o,   y: kappa_r or v_s
    q <- 1     sum_p alpha_p a^p_q <phi>_p                          the drive of the means

with <.>_p taken at mu_p = a^p_y . y and Delta_p = y^T Sigma^p_yy y + Delta_noise. The couplings depend on the
state and on the inputs through the gains <phi'>_p: a cue that lowers the gain of one population closes the
ways through it, which a graph for each cue shows. An arrow is the coupling at this state, not the derivative
of the drive: an input correlated with a cue also moves the gains, which `Field.parameter_jacobian` includes.

A network has the same graph without any Gaussian, by sums over its own units,

    q <- y     sigma~_qy = (1/N) sum_i q_i y_i <phi'(x_i)>        x_i = sum_r m_i^r kappa_r + sum_s I_i^s v_s

which *is* the derivative of the drive. Beside the mixture's it shows what the closure leaves out.
"""

from collections.abc import Mapping

import networkx
import numpy as np

from dynsys.numerics.gaussian import gaussian_expectation
from dynsys.populations.fit import Populations
from rnn.connectivity import loadings, readout_scale
from rnn.networks import LowRankRNN
from tasks.checks import as_array, check_number, choose
from tasks.errors import InputError

# Name of the node from which the drive of the means comes.
MEANS = "means"


def circuit_graph(source, inputs=None, kappa=None, noise=0.0, responsibilities=None):
    """The equivalent circuit at one state and one constant input, as a directed graph.

    Parameters
    ----------
    source : Populations or LowRankRNN
        The mixture, or a network for its own exact couplings.
    inputs : array_like (S,), or mapping of str to float, optional
        Filtered inputs v at which the gains are taken, such as a cue alone; zero if left out.
    kappa : array_like (R,), or mapping of str to float, optional
        State at which they are taken, such as kappa when the stimulus comes; zero if left out.
    noise : float, default 0
        Delta_noise, such as ``populations.noise_variance``.
    responsibilities : array_like (N, P), optional
        For a network: the probability of each population for each unit, such as
        ``Populations.responsibilities``, by which its couplings are parted.

    Returns
    -------
    networkx.DiGraph
        Nodes named as in the mean field (v or v1.., kappa.., z.., and "means" where a mean drives something),
        with ``kind`` ("input", "state", "output", "means") and ``value``. Edges with ``coupling``, the
        sum over populations, and ``parts`` (P,), what each contributes. The graph's own attributes are
        ``gains`` (P,), ``mu`` (P,), ``Delta`` (P,) and ``weights`` (P,).

    Raises
    ------
    InputError
        A wrong number of values, an unknown name, a negative variance.

    Examples
    --------
    >>> covariance = np.array([[1, 1.5, 0, 2], [1.5, 9, 0.7, 0], [0, 0.7, 1, 0], [2, 0, 0, 9]])
    >>> one = Populations([1.0], np.zeros((1, 4)), covariance[None], 1, 1, 1, phi="erf")
    >>> graph = circuit_graph(one, inputs=[0.5])
    >>> list(graph.edges)
    [('v', 'kappa'), ('v', 'z'), ('kappa', 'kappa'), ('kappa', 'z')]
    >>> round(graph.edges["kappa", "kappa"]["coupling"], 4)  # 1.5 / sqrt(1 + pi 0.25 / 2)
    1.271
    """
    if isinstance(source, LowRankRNN):
        source = loadings(source)
        find, given = _network_couplings, (source, _shares(responsibilities, source.units))
    elif not isinstance(source, Populations):
        raise InputError(
            f"source: expected Populations or LowRankRNN, got {type(source).__name__}; see fit_populations"
        )
    elif responsibilities is not None:
        raise InputError("responsibilities: they part the units of a network; a Populations needs none")
    else:
        find, given = _mixture_couplings, (source,)
    noise = check_number("noise", noise, minimum=0.0)
    R, S, O = source.rank, source.inputs, source.outputs
    states, senders, outputs = _indexed("kappa", R), _indexed("v", S), _indexed("z", O)
    y = np.concatenate([_vector("kappa", kappa, states, "(R,)"), _vector("inputs", inputs, senders, "(S,)")])
    sending = [*range(R), *range(2 * R, 2 * R + S)]
    receiving = [*range(R, 2 * R), *range(2 * R + S, 2 * R + S + O)]
    blocks, drives, read, attributes = find(*given, sending, receiving, y, noise)
    graph = networkx.DiGraph(**attributes)
    for name, value in zip(senders, y[R:]):
        graph.add_node(name, kind="input", value=float(value))
    if drives.any():
        graph.add_node(MEANS, kind="means", value=1.0)
    for name, value in zip(states, y[:R]):
        graph.add_node(name, kind="state", value=float(value))
    for name, value in zip(outputs, read[R:]):
        graph.add_node(name, kind="output", value=float(value))
    for j, sender in [*enumerate(senders, R), *enumerate(states)]:
        for i, receiver in enumerate((*states, *outputs)):
            graph.add_edge(sender, receiver, coupling=float(blocks[:, i, j].sum()), parts=blocks[:, i, j])
    for i, receiver in enumerate((*states, *outputs)):
        if drives[:, i].any():
            graph.add_edge(MEANS, receiver, coupling=float(drives[:, i].sum()), parts=drives[:, i])
    return graph


def _mixture_couplings(populations, sending, receiving, y, noise):
    """Couplings (P, R+O, R+S), drives of the means (P, R+O), what n and w read (R+O,), and the gains."""
    mu = populations.means[:, sending] @ y
    Delta = np.einsum("pij,i,j->p", populations.covariances[:, sending][:, :, sending], y, y) + noise
    Delta = np.maximum(Delta, 0.0)
    rates, gains = (gaussian_expectation(populations.phi, k, mu, Delta) for k in (0, 1))
    weights = np.array(populations.weights)
    blocks = populations.covariances[:, receiving][:, :, sending] * (weights * gains)[:, None, None]
    drives = populations.means[:, receiving] * (weights * rates)[:, None]
    attributes = {"gains": gains, "mu": mu, "Delta": Delta, "weights": weights}
    return blocks, drives, (blocks @ y + drives).sum(axis=0), attributes


def _network_couplings(rows, r, sending, receiving, y, noise):
    """The same as sums over units; nothing is centred, so no mean has a drive of its own."""
    x = rows.values[:, sending] @ y
    rates, gains = (gaussian_expectation(rows.phi, k, x, np.full_like(x, noise)) for k in (0, 1))
    scale, total = readout_scale(rows.units), r.sum(axis=0)
    read, sent = rows.values[:, receiving], rows.values[:, sending]
    blocks = scale * np.einsum("ip,iq,iy->pqy", r * gains[:, None], read, sent, optimize=True)
    mu = r.T @ x / total
    Delta = (r * (x[:, None] - mu) ** 2).sum(axis=0) / total + noise
    attributes = {"gains": r.T @ gains / total, "mu": mu, "Delta": Delta, "weights": total * scale}
    return blocks, np.zeros((r.shape[1], len(receiving))), scale * (rates @ read), attributes


def _shares(responsibilities, units):
    if responsibilities is None:
        return np.ones((units, 1))
    r = as_array("responsibilities", responsibilities, (units, None), "(N, P)")
    if (r < 0).any() or np.abs(r.sum(axis=1) - 1).max() > 1e-6 or (r.sum(axis=0) == 0).any():
        raise InputError("responsibilities: expected shares that sum to 1 for each unit, none of them empty")
    return r


def _vector(what, given, names, axes):
    if isinstance(given, Mapping):
        for name in given:
            choose(f"name in {what}", name, names)
        given = [check_number(name, given.get(name, 0.0)) for name in names]
    return as_array(
        what, np.atleast_1d(np.zeros(len(names)) if given is None else given), (len(names),), axes
    )


def _indexed(letter, count):
    return (letter,) if count == 1 else tuple(f"{letter}{i + 1}" for i in range(count))
