"""Outcomes and errors: what every room of the project says when something ends or is refused.

An outcome of an iterative routine is a value, a `Status`, not an exception: results carry it, and its
sentence says what happened and what to try. Input that makes no sense is refused with an `InputError`,
a file that cannot be trusted with a `FileError`.
"""

from enum import Enum


class DynsysError(Exception):
    """Base of every error that the project raises on purpose.

    Examples
    --------
    >>> issubclass(InputError, DynsysError)
    True
    """


class InputError(DynsysError, ValueError):
    """An argument is refused: the message says what, where, why, and what to try.

    Examples
    --------
    >>> raise InputError("m: expected (N, R) = (128, 2), got (2, 128); did you mean m.T?")
    Traceback (most recent call last):
    tasks.errors.InputError: m: expected (N, R) = (128, 2), got (2, 128); did you mean m.T?
    """


class FileError(DynsysError, OSError):
    """A file is refused: truncated, damaged, of another format, or trying to run code.

    Examples
    --------
    >>> issubclass(FileError, OSError)
    True
    """


class OutcomeError(DynsysError, RuntimeError):
    """An iterative routine called with ``strict=True`` did not succeed.

    Parameters
    ----------
    status : Status
        How the routine ended.
    message : str
        The sentence, with the figures of this run.

    Examples
    --------
    >>> OutcomeError(Status.DIVERGED, "epoch 3: loss is NaN").status.name
    'DIVERGED'
    """

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Status(Enum):
    """How an iterative routine ended; the value of each member is a full sentence.

    Examples
    --------
    >>> Status.CONVERGED.ok, Status.DIVERGED.ok
    (True, False)
    >>> Status.MAX_STEPS.value
    'The step budget ran out before the end was reached; raise the number of steps.'
    """

    COMPLETED = "The routine ran to its end."
    CONVERGED = "The iteration converged; the residual of every returned value was checked."
    STOPPED_EARLY = "The goal was reached before the budget ran out."
    REACHED_SPAN = "The branch reached an end of the requested parameter span."
    CLOSED_LOOP = "The branch closed on itself."
    INTERRUPTED = "The run was interrupted; everything up to the last complete step was kept."
    DIVERGED = (
        "The values stopped being finite; the last finite ones were kept. Try a smaller learning rate "
        "or gradient clipping in training, a smaller step or another start elsewhere."
    )
    FAILED = "An error was raised; nothing of this one was kept. Its message says which error, and where."
    NOT_CONVERGED = "The iteration did not converge; try more starts, another start or a larger box."
    MAX_STEPS = "The step budget ran out before the end was reached; raise the number of steps."
    MIN_STEP = "The step became smaller than its limit; a singular point may be near."
    NOT_ON_BRANCH = "The start is not a fixed point and Newton found none near it; start from a fixed point."
    DEAD_PARAMETER = "The equations do not depend on this parameter; every value gives the same branch."
    LEFT_BOX = "The branch left the box of allowed states."
    UNRESOLVED = "The mesh became too coarse for the cycles, whose multiplier 1 is lost; give more intervals."
    HOPF_POINT = "The cycles shrank to a fixed point, at a Hopf point."
    PERIOD_HALVED = "The branch came back to cycles of half its period, at a period doubling."
    RESONANCE = "The curve ended where the pair of multipliers meets at 1 or at -1, a strong resonance."
    BOGDANOV_TAKENS = "The homoclinic orbit shrank to a fixed point, at a Bogdanov-Takens point."
    SADDLE_NODE = "The saddle of the homoclinic orbit is about to meet another fixed point on the orbit."
    NEAR_HOMOCLINIC = "The period grows without bound: the cycles near an orbit that takes for ever."

    @property
    def ok(self):
        """bool : whether the routine did what it was asked to do."""
        return self in _GOOD

    def check(self, strict, message=None):
        """Raise `OutcomeError` when ``strict`` is set and the outcome is not a success.

        Parameters
        ----------
        strict : bool
            Whether to raise at all.
        message : str, optional
            The sentence with this run's figures; the status's own sentence if left out.
        """
        if strict and not self.ok:
            raise OutcomeError(self, message or self.value)


_GOOD = frozenset(
    {
        Status.COMPLETED,
        Status.CONVERGED,
        Status.STOPPED_EARLY,
        Status.REACHED_SPAN,
        Status.CLOSED_LOOP,
        Status.HOPF_POINT,
        Status.PERIOD_HALVED,
        Status.NEAR_HOMOCLINIC,
        Status.RESONANCE,
        Status.BOGDANOV_TAKENS,
        Status.SADDLE_NODE,
    }
)
