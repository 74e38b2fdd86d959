"""The state of a random generator as plain numbers, and back."""

import numpy as np

from tasks.checks import choose

# What may be named in a file: numpy's own, looked up by name and nothing else.
BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


def generator_state(state):
    """Turn a state read from JSON into one that a generator takes, and try it on a new one.

    Parameters
    ----------
    state : dict
        As ``rng.bit_generator.state``, with lists in the place of arrays.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        Not one of numpy's generators.

    Examples
    --------
    >>> state = np.random.default_rng(0).bit_generator.state
    >>> generator_state(state) == state
    True
    """
    generator = _new(state["bit_generator"])
    generator.state = _with_arrays(state, generator.state)
    return generator.state


def restore_generator(state, rng=None):
    """A generator in a given state; ``rng`` itself is set to it if it is of that kind.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> copy = restore_generator(rng.bit_generator.state)
    >>> bool(rng.random() == copy.random())
    True
    """
    name = state["bit_generator"]
    if not (isinstance(rng, np.random.Generator) and type(rng.bit_generator).__name__ == name):
        rng = np.random.Generator(_new(name))
    rng.bit_generator.state = state
    return rng


def _new(name):
    return getattr(np.random, choose("generator", name, BIT_GENERATORS))()


def _with_arrays(state, model):
    if isinstance(model, dict):
        return {key: _with_arrays(state[key], value) for key, value in model.items()}
    return np.array(state, model.dtype) if isinstance(model, np.ndarray) else state
