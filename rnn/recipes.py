"""What works for each task: size, rank, noise and training settings.

After the recipes published with Dubreuil et al. 2022, which reach the published accuracies.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

from rnn.training_records import TrainConfig
from tasks.checks import choose
from tasks.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """How to get a trained network for a task.

    Parameters
    ----------
    units, rank : int
        Number of units N and rank R.
    noise_std : float
        Private noise per step, in training and after.
    config : TrainConfig
        How to train.

    Examples
    --------
    >>> Recipe(128, 1, 0.05, TrainConfig()).with_units(64).units
    64
    """

    units: int
    rank: int
    noise_std: float
    config: TrainConfig

    def with_units(self, units):
        """The same recipe for another number of units."""
        return replace(self, units=units)


_GAINS = ("m", "n", "I_gain", "w_gain")
_RECIPES = MappingProxyType(
    {
        ("rdm", None): Recipe(512, 1, 0.05, TrainConfig(epochs=20, learning_rate=5e-3, train=_GAINS)),
        ("rdm", "report"): Recipe(512, 1, 0.05, TrainConfig(epochs=20, learning_rate=5e-3, train=_GAINS)),
    }
)


def recipe(task, preset=None):
    """Return the recipe for a task.

    Parameters
    ----------
    task : str
        Name of the task.
    preset : str, optional
        Name of the task's preset.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        No recipe for this task or preset; the message lists those there are.

    Examples
    --------
    >>> recipe("rdm").rank
    1
    """
    choose("task", task, tuple(sorted({name for name, _ in _RECIPES})))
    if (task, preset) not in _RECIPES:
        known = [repr(variant) for name, variant in _RECIPES if name == task]
        raise InputError(f"preset: recipes of task {task!r} exist for {', '.join(known)}, got {preset!r}")
    return _RECIPES[task, preset]
