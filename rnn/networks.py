"""Recurrent networks as frozen, checked data.

    tau dx_i/dt = -x_i + sum_j J_ij phi(x_j) + sum_s I_i^s u_s(t) + noise,   z_o = (1/N) sum_i w_i^o phi(x_i)

`LowRankRNN` has J = (1/N) m n^T and never forms it; `FullRankRNN` has any J. Time is Euler steps of
alpha = dt / tau; what the networks do is in `rnn.simulation`, how they learn in `rnn.training`.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from tasks.checks import as_array, check_count, check_number, check_rng, choose
from tasks.errors import InputError
from tasks.results import html_table

PHI_NAMES = ("tanh", "erf", "relu", "linear")
# Initial spread of the loadings in the published recipes: unit variance, readout four times wider.
READOUT_SCALE = 4.0


@dataclass(frozen=True, eq=False, repr=False)
class LowRankRNN:
    """A network of rank R: J = (1/N) m n^T.

    Parameters
    ----------
    m, n : array_like (N, R)
        Connectivity vectors; one-dimensional arrays are taken as rank one.
    I : array_like (N, S)
        Input vectors.
    w : array_like (N, O)
        Readout vectors.
    h0 : array_like (N,), optional
        Initial state x(0); zero if left out.
    phi : {"tanh", "erf", "relu", "linear"}
        Activation; "erf" is erf(sqrt(pi) x / 2), of slope 1 at 0.
    alpha : float, default 0.2
        Euler step dt / tau.
    noise_std : float, default 0
        Standard deviation of the private noise added to x at every step (without a factor alpha).

    Raises
    ------
    InputError
        Shapes that disagree, non-finite entries, unknown phi, alpha not in (0, 2), negative noise.

    Examples
    --------
    >>> net = LowRankRNN(m=np.ones(4), n=np.ones(4), I=np.zeros(4), w=np.ones(4))
    >>> net.units, net.rank
    (4, 1)
    """

    m: np.ndarray
    n: np.ndarray
    I: np.ndarray
    w: np.ndarray
    h0: np.ndarray = None
    phi: str = "tanh"
    alpha: float = 0.2
    noise_std: float = 0.0

    def __post_init__(self):
        m = _columns("m", self.m, (None, None), "(N, R)")
        units, rank = m.shape
        if units == 0 or rank == 0:
            raise InputError(f"m: expected (N, R) with at least one unit and rank 1, got {m.shape}")
        n = _columns("n", self.n, (units, rank), "(N, R)")
        _freeze(self, units, m=m, n=n)

    @classmethod
    def random(cls, units, rank, task, rng, noise_std=0.0, phi="tanh"):
        """Draw a network to train on a task: m, n, I from N(0, 1), w from N(0, 16).

        Parameters
        ----------
        units, rank : int
            Number of units N and rank R.
        task : Task
            Gives the number of channels and alpha = dt / tau.
        rng : numpy.random.Generator or int
            Source of the draws.
        noise_std : float, default 0
            See `LowRankRNN`.
        phi : str, default "tanh"
            See `LowRankRNN`.

        Returns
        -------
        LowRankRNN

        Examples
        --------
        >>> from tasks import get_task
        >>> LowRankRNN.random(128, 1, get_task("rdm"), rng=0)
        LowRankRNN(128 units, rank 1, 1 input, 1 output, tanh, alpha 0.2, noise_std 0)
        """
        _check_task(task)
        units, rank, rng = check_count("units", units), check_count("rank", rank), check_rng(rng)
        m, n = rng.standard_normal((units, rank)), rng.standard_normal((units, rank))
        I = rng.standard_normal((units, len(task.input_names)))
        w = READOUT_SCALE * rng.standard_normal((units, len(task.output_names)))
        return cls(m, n, I, w, phi=phi, alpha=task.alpha, noise_std=noise_std)

    @property
    def units(self):
        """int : number of units N."""
        return self.m.shape[0]

    @property
    def rank(self):
        """int : number R of connectivity vectors."""
        return self.m.shape[1]

    @property
    def input_count(self):
        """int : number of input channels S."""
        return self.I.shape[1]

    @property
    def output_count(self):
        """int : number of output channels O."""
        return self.w.shape[1]

    @property
    def hash(self):
        """str : SHA-256 of the network's contents, which results carry as their origin."""
        return _hash(self, ("m", "n", "I", "w", "h0"))

    def __repr__(self):
        return f"LowRankRNN({self.units} units, rank {self.rank}, {_settings(self)})"

    def _repr_html_(self):
        return _html(self, [("network", f"low rank, R = {self.rank}")])


@dataclass(frozen=True, eq=False, repr=False)
class FullRankRNN:
    """A network with an arbitrary recurrent matrix J, which carries no factor 1/N.

    Parameters
    ----------
    J : array_like (N, N)
        Recurrent matrix; row i holds the weights onto unit i.
    I, w, h0, phi, alpha, noise_std
        As in `LowRankRNN`; the readout is z = (1/N) w . phi(x) here too.

    Raises
    ------
    InputError
        As in `LowRankRNN`.

    Examples
    --------
    >>> FullRankRNN(J=np.eye(4), I=np.zeros(4), w=np.ones(4))
    FullRankRNN(4 units, 1 input, 1 output, tanh, alpha 0.2, noise_std 0)
    """

    J: np.ndarray
    I: np.ndarray
    w: np.ndarray
    h0: np.ndarray = None
    phi: str = "tanh"
    alpha: float = 0.2
    noise_std: float = 0.0

    def __post_init__(self):
        J = as_array("J", self.J, (None, None), "(N, N)")
        if J.shape[0] != J.shape[1] or J.size == 0:
            raise InputError(f"J: expected (N, N), got {J.shape}; for m and n use LowRankRNN")
        _freeze(self, J.shape[0], J=J)

    @classmethod
    def random(cls, units, task, rng, rho=1.0, noise_std=0.0, phi="tanh"):
        """Draw a network to train on a task: J from N(0, rho^2 / N), I and w from N(0, 1).

        Parameters
        ----------
        units : int
            Number of units N.
        task : Task
            Gives the number of channels and alpha = dt / tau.
        rng : numpy.random.Generator or int
            Source of the draws.
        rho : float, default 1
            Radius of the spectrum of J; 0.1 for a weak bulk.
        noise_std, phi
            See `FullRankRNN`.

        Returns
        -------
        FullRankRNN

        Examples
        --------
        >>> from tasks import get_task
        >>> FullRankRNN.random(128, get_task("rdm"), rng=0)
        FullRankRNN(128 units, 1 input, 1 output, tanh, alpha 0.2, noise_std 0)
        """
        _check_task(task)
        units, rng = check_count("units", units), check_rng(rng)
        J = check_number("rho", rho, minimum=0.0) / np.sqrt(units) * rng.standard_normal((units, units))
        I = rng.standard_normal((units, len(task.input_names)))
        w = rng.standard_normal((units, len(task.output_names)))
        return cls(J, I, w, phi=phi, alpha=task.alpha, noise_std=noise_std)

    @property
    def units(self):
        """int : number of units N."""
        return self.J.shape[0]

    @property
    def input_count(self):
        """int : number of input channels S."""
        return self.I.shape[1]

    @property
    def output_count(self):
        """int : number of output channels O."""
        return self.w.shape[1]

    @property
    def hash(self):
        """str : SHA-256 of the network's contents."""
        return _hash(self, ("J", "I", "w", "h0"))

    def __repr__(self):
        return f"FullRankRNN({self.units} units, {_settings(self)})"

    def _repr_html_(self):
        return _html(self, [("network", "full rank")])


def _freeze(net, units, **arrays):
    arrays["I"] = _columns("I", net.I, (units, None), "(N, S)")
    arrays["w"] = _columns("w", net.w, (units, None), "(N, O)")
    arrays["h0"] = as_array("h0", np.zeros(units) if net.h0 is None else net.h0, (units,), "(N,)")
    choose("phi", net.phi, PHI_NAMES)
    alpha = check_number("alpha", net.alpha, above=0.0, below=2.0)
    noise_std = check_number("noise_std", net.noise_std, minimum=0.0)
    for name, value in {**arrays, "alpha": alpha, "noise_std": noise_std}.items():
        object.__setattr__(net, name, value)


def _columns(name, value, shape, axes):
    """A matrix of columns; a one-dimensional array is one column."""
    try:
        value = np.asarray(value)
    except ValueError as error:
        raise InputError(f"{name}: cannot be read as an array ({error}); rows of equal length?") from error
    return as_array(name, value[:, None] if value.ndim == 1 else value, shape, axes)


def _hash(net, names):
    digest = hashlib.sha256(f"{type(net).__name__} {net.phi} {net.alpha!r} {net.noise_std!r}".encode())
    for name in names:
        array = getattr(net, name)
        digest.update(f"{name} {array.shape}".encode())
        digest.update(array.astype("<f8").tobytes())
    return digest.hexdigest()


def _settings(net):
    inputs, outputs = net.input_count, net.output_count
    return (
        f"{inputs} input{'s' * (inputs != 1)}, {outputs} output{'s' * (outputs != 1)}, "
        f"{net.phi}, alpha {net.alpha:g}, noise_std {net.noise_std:g}"
    )


def _html(net, rows):
    rows = rows + [
        ("units N", net.units),
        ("inputs S, outputs O", f"{net.input_count}, {net.output_count}"),
        ("activation phi", net.phi),
        ("alpha = dt / tau", f"{net.alpha:g}"),
        ("noise_std (per step)", f"{net.noise_std:g}"),
        ("hash", net.hash[:12]),
    ]
    return html_table(rows, named=True)


def _check_task(task):
    if not all(hasattr(task, name) for name in ("input_names", "output_names", "alpha")):
        raise InputError(f"task: expected a Task such as get_task('rdm'), got {type(task).__name__}")
