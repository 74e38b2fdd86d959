"""The circuit as a graph: inputs, kappas and outputs as nodes, effective couplings as edges (THEORY 3).

    q <- y     sigma~_qy = sum_p alpha_p Sigma^p_qy <phi'>_p        q: n_r or w_o,   y: kappa_r or v_s
    q <- 1     sum_p alpha_p a^p_q <phi>_p                          the drive of the means

with <.>_p taken at mu_p = a^p_y . y and Delta_p = y^T Sigma^p_yy y + Delta_noise. The couplings depend on the
state and on the inputs through the gains <phi'>_p: a cue that lowers the gain of one population closes the
ways through it, which a graph for each cue shows. An arrow is the coupling at this state, not the derivative
of the drive: an input correlated with a cue also moves the gains, which `Field.parameter_jacobian` includes.
"""

from collections.abc import Mapping

import networkx
import numpy as np

from dynsys.numerics.gaussian import gaussian_expectation
from dynsys.populations.fit import Populations
from tasks.checks import as_array, check_kind, check_number, choose

# Name of the node from which the drive of the means comes.
MEANS = "means"


def circuit_graph(populations, inputs=None, kappa=None, noise=0.0):
    """The equivalent circuit at one state and one constant input, as a directed graph.

    Parameters
    ----------
    populations : Populations
        The mixture.
    inputs : array_like (S,), or mapping of str to float, optional
        Filtered inputs v at which the gains are taken, such as a cue alone; zero if left out.
    kappa : array_like (R,), or mapping of str to float, optional
        State at which they are taken, such as kappa when the stimulus comes; zero if left out.
    noise : float, default 0
        Delta_noise, such as ``populations.noise_variance``.

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
    check_kind("populations", populations, Populations, "see fit_populations")
    noise = check_number("noise", noise, minimum=0.0)
    R, S = populations.rank, populations.inputs
    states, sources = _indexed("kappa", R), _indexed("v", S)
    outputs = _indexed("z", populations.outputs)
    y = np.concatenate([_vector("kappa", kappa, states, "(R,)"), _vector("inputs", inputs, sources, "(S,)")])
    sending = [*range(R), *range(2 * R, 2 * R + S)]
    receiving = [*range(R, 2 * R), *range(2 * R + S, len(populations.names))]
    mu = populations.means[:, sending] @ y
    Delta = np.einsum("pij,i,j->p", populations.covariances[:, sending][:, :, sending], y, y) + noise
    Delta = np.maximum(Delta, 0.0)
    rates, gains = (populations.weights * gaussian_expectation(populations.phi, k, mu, Delta) for k in (0, 1))
    blocks = populations.covariances[:, receiving][:, :, sending] * gains[:, None, None]
    drives = populations.means[:, receiving] * rates[:, None]
    graph = networkx.DiGraph(
        gains=gains / populations.weights, mu=mu, Delta=Delta, weights=np.array(populations.weights)
    )
    for name, value in zip(sources, y[R:]):
        graph.add_node(name, kind="input", value=float(value))
    if drives.any():
        graph.add_node(MEANS, kind="means", value=1.0)
    for name, value in zip(states, y[:R]):
        graph.add_node(name, kind="state", value=float(value))
    for o, name in enumerate(outputs):
        z = (blocks[:, R + o] @ y + drives[:, R + o]).sum()
        graph.add_node(name, kind="output", value=float(z))
    for j, sender in [*enumerate(sources, R), *enumerate(states)]:
        for i, receiver in enumerate((*states, *outputs)):
            graph.add_edge(sender, receiver, coupling=float(blocks[:, i, j].sum()), parts=blocks[:, i, j])
    for i, receiver in enumerate((*states, *outputs)):
        if drives[:, i].any():
            graph.add_edge(MEANS, receiver, coupling=float(drives[:, i].sum()), parts=drives[:, i])
    return graph


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
