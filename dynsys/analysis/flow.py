"""Trajectories of a field at constant inputs, to a stated accuracy."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynsys.analysis.vector_field import check_flow
from dynsys.numerics.dormand_prince import evaluate_many, run_at
from tasks.checks import as_array, check_count, check_number
from tasks.errors import InputError, Status
from tasks.results import keep_arrays

RTOL = 1e-10
MAX_STEPS = 200_000


@dataclass(frozen=True, eq=False, repr=False)
class Flow:
    """Trajectories from several starts, at given times.

    Parameters
    ----------
    kappa : ndarray (K, M, R)
        States; NaN from where a trajectory ended.
    time : ndarray (M,)
        Times, in the field's unit.
    status : Status
        COMPLETED, or DIVERGED or MAX_STEPS where some did not reach the end.
    message : str
        The same with this run's figures.
    ended : ndarray (K,)
        Time at which each ended.
    inputs : mapping of str to float
        The inputs.
    state : tuple of str
        Names of the coordinates.

    Examples
    --------
    >>> Flow(np.zeros((2, 3, 1)), np.arange(3.0), Status.COMPLETED)
    Flow(2 trajectories from 0 to 2: The routine ran to its end.)
    """

    kappa: np.ndarray
    time: np.ndarray
    status: Status
    message: str = Status.COMPLETED.value
    ended: np.ndarray = None
    inputs: Mapping = dataclasses.field(default_factory=dict)
    state: tuple = ()

    def __post_init__(self):
        keep_arrays(self, kappa=float, time=float, ended=float)

    def __repr__(self):
        span = f"from {self.time[0]:g} to {self.time[-1]:g}"
        return f"Flow({len(self.kappa)} trajectories {span}: {self.message})"


def integrate(field, starts, times, inputs=None, rtol=RTOL, scale=None, max_steps=MAX_STEPS, strict=False):
    """Integrate dkappa/dt = F(kappa, v) from several starts (Dormand & Prince 1980, dense output).

    Parameters
    ----------
    field : Field
        The equations.
    starts : array_like (R,) or (K, R)
        States at ``times[0]``.
    times : array_like (M,)
        Where the state is wanted, all ascending or all descending (backwards in time), in the field's unit.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    rtol : float, default 1e-10
        Error of a step, relative to the state plus ``scale``.
    scale : float or array_like (R,), optional
        Size below which a coordinate's relative error does not matter; 1 if left out.
    max_steps : int, default 200000
        Budget of each trajectory.
    strict : bool, default False
        Raise `OutcomeError` if one does not reach the end.

    Returns
    -------
    Flow
        Where the flow blows up, or F is not finite, its finite part and the status DIVERGED.

    Raises
    ------
    InputError
        Shapes, or times that turn back.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> decay = reduced_field(LowRankRNN(np.ones(4), np.zeros(4), np.zeros(4), np.ones(4)))  # F = -kappa
    >>> integrate(decay, [1.0], [0.0, 1.0]).kappa[0, :, 0].round(9)
    array([1.        , 0.36787944])
    """
    check_flow(field)
    starts = as_array("starts", starts)
    if starts.ndim not in (1, 2) or starts.shape[-1] != field.dimension:
        raise InputError(f"starts: expected (R,) or (K, R) with R = {field.dimension}, got {starts.shape}")
    starts = np.array(starts.reshape(-1, field.dimension))
    times = np.array(as_array("times", times, (None,), "(M,)"))
    steps = np.diff(times)
    if times.size < 2 or not ((steps > 0).all() or (steps < 0).all()):
        raise InputError("times: give at least two, all ascending or all descending")
    rtol, max_steps = check_number("rtol", rtol, above=0.0, below=1.0), check_count("max_steps", max_steps)
    scale = np.ones(field.dimension) if scale is None else scale
    scale = np.array(np.broadcast_to(as_array("scale", scale), (field.dimension,)))
    u = field.input_vector(inputs)
    out = np.empty((len(starts), times.size, field.dimension))
    filled, ended = np.empty(len(starts), dtype=np.int64), np.empty(len(starts))
    run_at(*system_of(field, u), starts, times, rtol, scale, max_steps, out, filled, ended)
    short = filled < times.size
    status, message = Status.COMPLETED, Status.COMPLETED.value
    if short.any():
        first = ended[short][np.argmin(np.abs(ended[short] - times[0]))]
        how = f"{int(short.sum())} of {len(starts)} trajectories ended early, the first at t = {first:g}"
        last = out[np.flatnonzero(short), filled[short] - 1]
        blown = not np.isfinite(field.rhs(last, u)).all() or np.abs(last).max() > 1e6 * scale.max()
        status = Status.DIVERGED if blown or max_steps == MAX_STEPS else Status.MAX_STEPS
        message = f"{how}: diverged, or F is not finite there." if status is Status.DIVERGED else f"{how}."
    status.check(strict, message)
    given = dict(zip(field.inputs, u.tolist()))
    return Flow(out, times, status, message, ended, given, field.state)


def system_of(field, u):
    """What every kernel takes of a field: (rhs, jacobian, inputs, params), as fresh arrays.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.zeros(4), np.zeros(4), np.ones(4)))
    >>> len(system_of(field, np.zeros(1)))
    4
    """
    return field.functions.rhs, field.functions.jacobian, np.array(u, dtype=float), np.array(field.values)


def values_at(field, states, u, what="rhs"):
    """F (K, R), the Jacobian (K, R, R) or the outputs (K, O) at many states, in one compiled call.

    Parameters
    ----------
    field : Field
        The field.
    states : array_like (K, R)
        States.
    u : ndarray (S,)
        Inputs.
    what : {"rhs", "jacobian", "outputs"}
        Which of the field's functions.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.zeros(4), np.zeros(4), np.ones(4)))
    >>> values_at(field, [[1.0], [2.0]], np.zeros(1))
    array([[-1.],
           [-2.]])
    """
    R = field.dimension
    shape = {"rhs": (R,), "jacobian": (R, R), "outputs": (len(field.output_names),)}[what]
    states = np.array(states, dtype=float, order="C").reshape(-1, R)
    out = np.empty((len(states), int(np.prod(shape))))
    function = getattr(field.functions, what)
    evaluate_many(function, states, np.array(u, dtype=float), np.array(field.values), out)
    return out.reshape(len(states), *shape)
