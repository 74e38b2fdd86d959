"""Which sliders a field gets, and how far each of them reaches."""

import re
from collections.abc import Mapping

from tasks.checks import as_array
from tasks.errors import InputError

_COVARIANCE = re.compile(r"sigma_([mnIw]\d*)([mnIw]\d*)(_p\d+)?")
_MEAN = re.compile(r"a_[mnIw]\d*(_p\d+)?")
_WEIGHT = re.compile(r"alpha_p\d+")
# What cannot be negative starts at 0, besides variances and weights.
_SIZES = ("gain", "noise")


def slider_ranges(field, inputs=None, ranges=None):
    """Lower and upper end for each input and parameter.

    Inputs go from -1 to 1, what cannot be negative (gain, noise, variances) from 0 to twice its value, all
    other parameters as far to both sides as twice their value; wider where a value lies outside.

    Parameters
    ----------
    field : Field
        The field.
    inputs : mapping of str to float, float or array_like (S,), optional
        Values of the inputs; zero if left out.
    ranges : mapping of str to (low, high), optional
        Those to take instead.

    Returns
    -------
    dict of str to tuple of float

    Raises
    ------
    InputError
        A name that the field does not have, ends in the wrong order.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> import numpy as np
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> slider_ranges(field, ranges={"gain": (0.5, 3)})
    {'v': (-1.0, 1.0), 'gain': (0.5, 3.0)}
    """
    values = {**dict(zip(field.inputs, field.input_vector(inputs).tolist())), **field.parameter_values}
    if not isinstance(ranges, Mapping | None):
        raise InputError(f"ranges: expected {{name: (low, high)}}, got {type(ranges).__name__}")
    unknown = sorted(set(ranges or {}) - set(values))
    if unknown:
        raise InputError(
            f"ranges: {', '.join(map(repr, unknown))} unknown; this field has {', '.join(values)}"
        )
    found = {name: _reach(name, value, name in field.inputs) for name, value in values.items()}
    for name, ends in (ranges or {}).items():
        low, high = as_array(f"ranges[{name!r}]", ends, (2,), "(low, high)").tolist()
        if not low < high:
            raise InputError(f"ranges[{name!r}]: the lower end {low:g} is not below the upper end {high:g}")
        found[name] = (min(low, values[name]), max(high, values[name]))
    return found


def slider_groups(field):
    """Names of inputs and parameters by what they are; groups without a member are left out.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> import numpy as np
    >>> slider_groups(reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))))
    {'inputs': ('v',), 'gain': ('gain',)}
    """
    kinds = {"inputs": list(field.inputs), "gain": [], "covariances": [], "means": [], "parameters": []}
    for name in field.parameters:
        if name in _SIZES:
            kinds["gain"].append(name)
        elif _COVARIANCE.fullmatch(name):
            kinds["covariances"].append(name)
        elif _MEAN.fullmatch(name) or _WEIGHT.fullmatch(name):
            kinds["means"].append(name)
        else:
            kinds["parameters"].append(name)
    return {kind: tuple(names) for kind, names in kinds.items() if names}


def _reach(name, value, is_input):
    if is_input:
        return min(-1.0, 2 * value), max(1.0, 2 * value)
    variance = _COVARIANCE.fullmatch(name)
    positive = name in _SIZES or _WEIGHT.fullmatch(name) or (variance and variance[1] == variance[2])
    size = abs(value) or 1.0
    if positive and value >= 0:
        return 0.0, 2 * size if name != "noise" or value else 1.0
    return (-size, size) if value == 0 else (value - 2 * size, value + 2 * size)
