"""The kappa circuit does the task: a field driven by trials, in the network's Euler steps."""

from dataclasses import replace

import numpy as np

from dynsys.analysis.vector_field import Field, check_flow
from dynsys.numerics.euler import run_euler
from rnn.simulation import Trajectory
from tasks.base import Trials
from tasks.checks import check_kind
from tasks.errors import InputError

# Relative difference between the field's alpha and dt / tau of the trials that counts as rounding.
ALPHA_TOLERANCE = 1e-9


def run_circuit(field, trials):
    """Run a field on trials.

        v_{t+1} = v_t + alpha (u_t - v_t),   kappa_{t+1} = kappa_t + alpha F(kappa_t, v_t),   z = z(kappa, v)

    On `reduced_field(net)` this is the network without noise, step by step; on a mean field it is the
    equivalent circuit. A field whose inputs are not filtered takes u itself as v. There is no noise: in the
    exact reduction the network's noise drives x_perp alone, and in the mean field it is Delta_noise.

    Parameters
    ----------
    field : Field
        Equations in units of tau.
    trials : Trials
        Inputs and step.

    Returns
    -------
    Trajectory
        With x None. Where the state stops being finite, NaN; ``source`` then has ``diverged_trials`` and
        ``diverged_at`` (ms, the first).

    Raises
    ------
    InputError
        Numbers of channels, or steps alpha, that differ between field and trials; a mean field with a bulk.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN, simulate
    >>> from tasks import get_task
    >>> task = get_task("rdm")
    >>> net, trials = LowRankRNN.random(64, 1, task, rng=0), task.trials(3, rng=1)
    >>> bool(np.allclose(run_circuit(reduced_field(net), trials).z, simulate(net, trials).z))
    True
    """
    if isinstance(field, Field) and field.step is not None:  # a circuit runs in steps anyway
        field = replace(field, alpha=field.step, step=None)
    check_flow(field)
    check_kind("trials", trials, Trials, "draw them with task.trials(n, rng=rng)")
    whose = f"task {trials.task!r}" if trials.task else "these trials"
    for what, own, names in (
        ("input", field.inputs, trials.input_names),
        ("output", field.output_names, trials.output_names),
    ):
        if len(own) != len(names):
            have, want = ", ".join(own) or "none", ", ".join(names) or "none"
            raise InputError(
                f"field: {field!r} has {len(own)} {what} channels ({have}), but {whose} has {len(names)} "
                f"({want}); use a field made for this task"
            )
    if trials.plant is not None:
        raise InputError(
            f"trials: {whose} is in closed loop with a plant, which a circuit does not drive; simulate the "
            "network instead"
        )
    if field.alpha is not None and abs(field.alpha - trials.alpha) > ALPHA_TOLERANCE * trials.alpha:
        raise InputError(
            f"alpha: the field stands for a network with {field.alpha:g}, but the trials' dt / tau = "
            f"{trials.dt:g} / {trials.tau:g} ms = {trials.alpha:g}; draw trials with the network's step"
        )
    batch, steps, inputs = trials.inputs.shape
    kappa, v = np.empty((batch, steps, field.dimension)), np.empty((batch, steps, inputs))
    z, diverged = np.empty((batch, steps, len(field.output_names))), np.empty(batch, dtype=np.int64)
    run_euler(
        field.functions.rhs, field.functions.outputs, np.array(field.values), trials.alpha,
        field.filtered_inputs, np.array(trials.inputs), kappa, v, z, diverged,
    )  # fmt: skip
    source = {**field.source, "circuit": field.label, "task": trials.task}
    if (diverged >= 0).any():
        first = int(diverged[diverged >= 0].min())
        source |= {"diverged_trials": int((diverged >= 0).sum()), "diverged_at": float(trials.time[first])}
    return Trajectory(None, z, kappa, v, trials.time, source)
