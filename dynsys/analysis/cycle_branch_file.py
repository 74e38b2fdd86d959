"""What a file holds of a branch of cycles: its arrays, and a header of plain values and texts.

The cycles of its special points lie on meshes of their own; their numbers stand one after another in the
array ``special``, and the header says how many belong to what.
"""

import math

import numpy as np

from dynsys.analysis.cycle_branch import CycleBranch
from dynsys.analysis.cycle_point import CyclePoint
from dynsys.analysis.cycles import Cycle
from tasks.errors import Status

CYCLES = "dynsys cycle branch"
CYCLE_ARRAYS = (
    "values", "periods", "multipliers", "stable", "meshes", "orbits", "output_low", "output_high", "special",
)  # fmt: skip
_PARTS = ("points", "time", "multipliers")


def pack_cycles(branch):
    """Arrays and special points of a branch of cycles, as a file holds them.

    Parameters
    ----------
    branch : CycleBranch
        The branch.

    Returns
    -------
    arrays : dict of str to ndarray
        Real ones; complex numbers have an axis more.
    points : list of dict
        Plain values.

    Examples
    --------
    >>> ends, mesh = (Status.REACHED_SPAN,) * 2, np.linspace(0, 1, 5)[None]
    >>> orbit = np.cos(np.arange(34.0)).reshape(1, 17, 2)
    >>> branch = CycleBranch("r", [0.5], [6.0], [[1.0, 0.2]], [True], mesh, orbit, (), ends)
    >>> arrays, points = pack_cycles(branch)
    >>> arrays["multipliers"].shape, arrays["special"].size, points
    ((1, 2, 2), 0, [])
    """
    arrays = {name: as_real(getattr(branch, name)) for name in CYCLE_ARRAYS if name != "special"}
    numbers = [as_real(array).ravel() for point in branch.special_points for array in _arrays_of(point)]
    arrays["special"] = np.concatenate([np.zeros(0), *numbers])
    return arrays, [_described(point) for point in branch.special_points]


def unpack_cycles(header, arrays):
    """The branch of cycles of a header and its arrays.

    Parameters
    ----------
    header : dict
        What the file says.
    arrays : dict of str to ndarray
        As `pack_cycles` returns them.

    Returns
    -------
    CycleBranch

    Raises
    ------
    ValueError, LookupError, TypeError
        They do not fit each other.

    Examples
    --------
    >>> unpack_cycles({}, {"values": np.zeros(3)})
    Traceback (most recent call last):
    KeyError: 'orbits'
    """
    count = len(arrays["values"])
    _, nodes, n = arrays["orbits"].shape
    intervals, outputs = (nodes - 1) // 4, arrays["output_low"].shape[1:]
    shapes = {
        "values": (count,), "periods": (count,), "multipliers": (count, n, 2), "stable": (count,),
        "meshes": (count, intervals + 1), "orbits": (count, 4 * intervals + 1, n),
        "output_low": (count, *outputs), "output_high": (count, *outputs),
    }  # fmt: skip
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has the shape {arrays[name].shape}, expected {shape}")
    if len(outputs) != 1 or len(header["state"]) != n or len(header["ends"]) != 2:
        raise ValueError("its names or ends do not fit its arrays")
    numbers, points = _Numbers(arrays["special"]), []
    for entry in header["special_points"]:
        points.append(_restored(entry, numbers, header["parameter"], n))
    if numbers.left:
        raise ValueError(f"special has {numbers.left} numbers that belong to no point")
    known = {name: arrays[name] for name in CYCLE_ARRAYS if name not in ("special", "multipliers", "stable")}
    known |= {name: header[name] for name in ("parameter", "message", "inputs", "source")}
    return CycleBranch(
        **known, multipliers=as_complex(arrays["multipliers"]), stable=arrays["stable"] != 0,
        special_points=points, ends=tuple(Status[name] for name in header["ends"]),
        state=tuple(header["state"]),
    )  # fmt: skip


def as_real(array):
    """An array of floats; complex numbers become pairs along a last axis.

    Examples
    --------
    >>> as_real(np.array([1 + 2j]))
    array([[1., 2.]])
    """
    if np.iscomplexobj(array):
        return np.stack([array.real, array.imag], axis=-1)
    return np.asarray(array, dtype=float)


def as_complex(array):
    """The complex numbers of pairs along the last axis, bit for bit.

    Examples
    --------
    >>> as_complex(np.array([[1.0, 2.0]]))
    array([1.+2.j])
    """
    return np.ascontiguousarray(array, dtype=float).view(complex)[..., 0]


def pack_coefficients(coefficients):
    """Coefficients by name with complex ones as pairs.

    Examples
    --------
    >>> pack_coefficients({"c1": 1 + 2j, "omega": 3.0})
    {'c1': [1.0, 2.0], 'omega': 3.0}
    """
    return {name: [c.real, c.imag] if isinstance(c, complex) else c for name, c in coefficients.items()}


def unpack_coefficients(coefficients):
    """What `pack_coefficients` has packed.

    Examples
    --------
    >>> unpack_coefficients({"c1": [1.0, 2.0]})
    {'c1': (1+2j)}
    """
    return {name: complex(*c) if isinstance(c, list) else c for name, c in coefficients.items()}


class _Numbers:
    """The array ``special``, read from its beginning."""

    def __init__(self, array):
        self.array, self.place = array, 0

    @property
    def left(self):
        return self.array.size - self.place

    def take(self, *shape):
        size = math.prod(shape)
        if not all(type(length) is int and length >= 0 for length in shape) or size > self.left:
            raise ValueError(f"special has {self.left} numbers left, a point wants {shape}")
        self.place += size
        return self.array[self.place - size : self.place].reshape(shape)


def _arrays_of(point):
    return [*(getattr(point.cycle, name) for name in _PARTS), *(point.onward or ())]


def _described(point):
    plain = {name: getattr(point, name) for name in ("kind", "value", "sentence")}
    cycle = {name: getattr(point.cycle, name) for name in ("kind", "period", "residual", "clock")}
    onward = None if point.onward is None else [len(part) for part in point.onward]
    return plain | {
        "coefficients": pack_coefficients(point.coefficients), "cycle": cycle,
        "states": len(point.cycle.points), "onward": onward,
    }  # fmt: skip


def _restored(entry, numbers, parameter, n):
    states = entry["states"]
    parts = numbers.take(states, n), numbers.take(states)
    cycle = Cycle(*parts, multipliers=as_complex(numbers.take(n, 2)), **entry["cycle"])
    onward = entry["onward"]
    if onward is not None:
        nodes, *sizes = onward
        if sizes != [(4 * (nodes - 1) + 1) * n + 2] * 2:
            raise ValueError(f"special: a point goes on with {sizes} numbers on a mesh of {nodes}")
        onward = tuple(np.array(numbers.take(size)) for size in entry["onward"])
    plain = {name: entry[name] for name in ("kind", "value", "sentence")}
    coefficients = unpack_coefficients(entry["coefficients"])
    return CyclePoint(parameter=parameter, cycle=cycle, onward=onward, coefficients=coefficients, **plain)
