"""Tasks by name."""

from dataclasses import fields
from types import MappingProxyType

from tasks.checks import choose
from tasks.continuous import Bistable
from tasks.decision import ContextDecision, MultisensoryDecision, RandomDots
from tasks.errors import InputError
from tasks.memory import DelayedMatch, FlipFlop, WorkingMemory
from tasks.reach import Reach

_CLASSES = (
    RandomDots,
    WorkingMemory,
    ContextDecision,
    MultisensoryDecision,
    DelayedMatch,
    Bistable,
    FlipFlop,
    Reach,
)
TASKS = MappingProxyType({task.name: task for task in _CLASSES})


def task_names():
    """Names of all tasks.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "rdm" in task_names()
    True
    """
    return tuple(TASKS)


def get_task(name, preset=None, **overrides):
    """Return a task by name.

    Parameters
    ----------
    name : str
        One of `task_names`.
    preset : str, optional
        A named set of parameters of that task, such as ``"report"`` of ``"rdm"``.
    **overrides
        Parameters to change, in ms for durations.

    Returns
    -------
    Task

    Raises
    ------
    InputError
        Unknown name, preset or parameter; the message lists the known ones.

    Examples
    --------
    >>> get_task("rdm", delay=500.0).delay
    500.0
    >>> get_task("rmd")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tasks.errors.InputError: task: got 'rmd'; choose one of 'rdm', 'romo', 'context', ...
    """
    cls = TASKS[choose("task", name, task_names())]
    parameters = {}
    if preset is not None:
        if not cls.presets:
            raise InputError(f"preset: task {name!r} has none, got {preset!r}")
        parameters.update(cls.presets[choose(f"preset of {name!r}", preset, tuple(cls.presets))])
    known = tuple(entry.name for entry in fields(cls))
    for key in overrides:
        choose(f"parameter of task {name!r}", key, known)
    return cls(**{**parameters, **overrides})
