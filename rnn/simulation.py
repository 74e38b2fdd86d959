"""Run a network on trials, in float64.

A low-rank network runs in its own exact reduced state: x = sum_r kappa_r m_r + sum_s v_s I_s + x_perp, where

    kappa_{t+1} = (1 - alpha) kappa_t + alpha (1/N) n^T phi(x_t),    v_{t+1} = (1 - alpha) v_t + alpha u_t

and x_perp carries the initial state and the private noise. It is the Euler scheme of the network step by
step, not an approximation of it. A full-rank network runs through matrix products. Trials with a plant run in
closed loop with it: s_{t+1} = A s_t + B z_{t+1}, u_t = inputs_t + C s_t, scored q = E s (`tasks.plant`).
"""

from dataclasses import dataclass, field, replace

import numpy as np

from rnn.activations import phi_tag
from rnn.connectivity import factors
from rnn.fullrank import run_full_rank
from rnn.kernels.closed_loop import simulate_closed_loop
from rnn.kernels.lowrank import BLOCK, simulate_blocks
from rnn.networks import FullRankRNN, LowRankRNN
from tasks.base import Trials
from tasks.checks import check_rng
from tasks.errors import InputError, Status

# Relative difference between a network's alpha and dt / tau of the trials that counts as rounding.
ALPHA_TOLERANCE = 1e-9
_ARRAYS = ("x", "z", "kappa", "v", "plant", "scored")


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory:
    """What a network or a circuit did on a batch of trials; every array is *after* each step.

    Step t of the input takes x_t to x_{t+1}, and entry t of every array here belongs to x_{t+1}.

    Parameters
    ----------
    x : ndarray (B, T, N) or None
        Current of every unit; None if not asked for, or for a circuit.
    z : ndarray (B, T, O)
        Outputs.
    kappa : ndarray (B, T, R) or None
        Exact reduced state (None for a full-rank network).
    v : ndarray (B, T, S)
        Inputs filtered with the time constant tau.
    time : ndarray (T,)
        Time after each step, ms.
    source : dict
        Plain values that say where it comes from.
    plant : ndarray (B, T, D) or None
        States of the plant that the trials have.
    scored : ndarray (B, T, K) or None
        The plant's outputs that the targets are compared with.
    status : Status
        DIVERGED when an output, kappa or the plant stopped being finite.
    message : str
        The same with this run's figures.

    Examples
    --------
    >>> Trajectory(None, *np.zeros((3, 2, 5, 1)), 20.0 * np.arange(1, 6))
    Trajectory(2 trials of 5 steps to 100 ms: z (2, 5, 1), kappa (2, 5, 1), v (2, 5, 1))
    """

    x: np.ndarray
    z: np.ndarray
    kappa: np.ndarray
    v: np.ndarray
    time: np.ndarray
    source: dict = field(default_factory=dict)
    plant: np.ndarray = None
    scored: np.ndarray = None
    status: Status = Status.COMPLETED
    message: str = ""

    def __post_init__(self):
        for name in (*_ARRAYS, "time"):
            array = getattr(self, name)
            if array is not None:
                view = np.asarray(array).view()
                view.setflags(write=False)
                object.__setattr__(self, name, view)

    @property
    def outputs(self):
        """ndarray (B, T, O) or (B, T, K) : what targets are compared with: z, or the plant's ``scored``."""
        return self.z if self.scored is None else self.scored

    def __repr__(self):
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items() if array is not None)
        trials, steps = self.z.shape[:2]
        return f"Trajectory({trials} trials of {steps} steps to {self.time[-1]:g} ms: {shapes})"


def simulate(net, trials, rng=None, states=True):
    """Run a network on trials.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The network.
    trials : Trials
        Inputs, and the step dt / tau, which must be the network's alpha.
    rng : numpy.random.Generator or int, optional
        Source of the network's private noise, of standard deviation ``net.noise_std`` per step; without it
        the network runs without noise. One number is drawn from it as the key of a counter-based generator.
    states : bool, default True
        Whether to keep x (B, T, N), which takes 8 B T N bytes.

    Returns
    -------
    Trajectory

    Raises
    ------
    InputError
        Numbers of channels or steps alpha that differ between network and trials.

    Examples
    --------
    >>> from tasks import get_task
    >>> task = get_task("rdm")
    >>> net = LowRankRNN.random(64, 1, task, rng=0)
    >>> run = simulate(net, task.trials(3, rng=1))
    >>> run.x.shape, run.kappa.shape, run.z.shape
    ((3, 51, 64), (3, 51, 1), (3, 51, 1))
    """
    check_match(net, trials)
    noise_std = 0.0 if rng is None else net.noise_std
    seed = 0 if rng is None else int(check_rng(rng).integers(2**63))
    run = _simulate_low_rank if isinstance(net, LowRankRNN) else _simulate_full_rank
    x, z, kappa, v, *plant = run(net, trials, noise_std, seed, states)
    source = {"network": net.hash, "task": trials.task, "noise_std": noise_std, "noise_seed": seed}
    return _judged(Trajectory(x, z, kappa, v, trials.time, source, *plant))


def check_match(net, trials):
    """Refuse trials that do not fit a network, naming both and their channels.

    Raises
    ------
    InputError
        Not a network, not trials; inputs, outputs or alpha that differ.

    Examples
    --------
    >>> from tasks import get_task
    >>> check_match(LowRankRNN(*np.ones((4, 8, 1)), alpha=0.1), get_task("rdm").trials(1, rng=0))
    Traceback (most recent call last):
    tasks.errors.InputError: alpha: the network has 0.1, but trials of task 'rdm' have dt / tau = 20 / 100 ...
    """
    if not isinstance(net, (LowRankRNN, FullRankRNN)):
        raise InputError(f"net: expected a LowRankRNN or FullRankRNN, got {type(net).__name__}")
    if not isinstance(trials, Trials):
        kind = type(trials).__name__
        raise InputError(f"trials: expected Trials, got {kind}; task.trials(n, rng=0) draws them")
    outputs = trials.output_names
    if trials.plant is not None:
        outputs = tuple(f"command {i + 1}" for i in range(trials.plant.B.shape[1]))
    whose = f"trials of task {trials.task!r}" if trials.task else "these trials"
    for what, count, names in (
        ("input", net.input_count, trials.input_names),
        ("output", net.output_count, outputs),
    ):
        if count != len(names):
            raise InputError(
                f"net: {net!r} has {count} {what} channel{'s' * (count != 1)}, but {whose} have "
                f"{len(names)}: {', '.join(names)}; {type(net).__name__}.random draws one that fits a task"
            )
    if abs(net.alpha - trials.alpha) > ALPHA_TOLERANCE * trials.alpha:
        raise InputError(
            f"alpha: the network has {net.alpha:g}, but {whose} have dt / tau = {trials.dt:g} / "
            f"{trials.tau:g} ms = {trials.alpha:g}; build both with the same step (noise_std is per step and "
            "changes with it)"
        )


def _simulate_low_rank(net, trials, noise_std, seed, states):
    batch, steps, _ = trials.inputs.shape
    units, terms, sums = net.units, net.rank + net.input_count, net.rank + net.output_count
    blocks = -(-batch // BLOCK)
    left, right = factors(net)
    inputs = np.zeros((BLOCK * blocks, steps, net.input_count))
    inputs[:batch] = trials.inputs
    x = np.empty((batch if states else 0, steps, units))
    z = np.empty((BLOCK * blocks, steps, net.output_count))
    coefficients = np.empty((BLOCK * blocks, steps, terms))
    kernel, plant = simulate_blocks, ()
    tags = phi_tag(net.phi), (0.0,) * terms, (0.0,) * sums, (0.0,) * net.rank
    if trials.plant is not None:
        kernel, (A, B, C, E) = simulate_closed_loop, trials.plant.matrices
        states_and_scores = (np.empty((BLOCK * blocks, steps, len(matrix))) for matrix in (A, E))
        plant, tags = (A, B, C, E, *states_and_scores), (tags[0], net.rank)
    with np.errstate(all="ignore"):  # without the compiler, integers that wrap around would warn
        kernel(
            (0, blocks), left, right, net.h0, inputs, net.alpha, noise_std, np.uint64(seed),
            *tags, np.empty((BLOCK, units)), np.empty((steps, BLOCK, units)), x, coefficients, z, *plant,
        )  # fmt: skip
    c, plant = coefficients[:batch], [results[:batch] for results in plant[4:]]
    return (x if states else None), z[:batch], c[..., : net.rank].copy(), c[..., net.rank :].copy(), *plant


def _judged(run):
    """The trajectory, with a sentence if the network or its plant diverged."""
    parts = [array for array in (run.z, run.kappa, run.plant) if array is not None]
    fine = np.all([np.isfinite(array).all(axis=(0, 2)) for array in parts], axis=0)
    if fine.all():
        return run
    since = f"not finite from {run.time[fine.argmin()]:g} ms on; use a bounded phi"
    message = f"The network diverged: its activity is {since} or smaller weights."
    if run.plant is not None:
        message = f"The plant diverged: its state or command is {since}, smaller output weights, or a plant "
        message += "with more damping."
    return replace(run, status=Status.DIVERGED, message=message)


def _simulate_full_rank(net, trials, noise_std, seed, states):
    x, z, *plant = run_full_rank(net, trials.inputs, noise_std, seed, states, plant=trials.plant)
    inputs = trials.inputs
    if plant:
        inputs = inputs.copy()
        inputs[:, 1:] += plant[0][:, :-1] @ trials.plant.C.T
    v, now = np.empty(inputs.shape), np.zeros((trials.size, net.input_count))
    for t in range(trials.steps):
        now = (1.0 - net.alpha) * now + net.alpha * inputs[:, t]
        v[:, t] = now
    return x, z, None, v, *plant
