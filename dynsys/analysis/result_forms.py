"""How the fields of results stand in files: forms that turn a value into JSON and arrays, and back.

JSON holds texts, numbers and the shapes of arrays. Arrays of many rows are members of their own, named by
their place in the result ("branches/0/kappa"); the small ones of special points stand one after another in
the array ``numbers``. Either way a form checks the types, and that lengths agree: axes are letters ("M"),
perhaps with a factor and a summand ("4N+1"), or a number. A letter means one length within a record, and R,
the number of coordinates, also in all that the record contains.
"""

import math
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynsys.analysis.plain_json import pack_entries, pack_plain, unpack_entries, unpack_plain
from tasks.errors import Status

NUMBERS = "numbers"
_AXIS = re.compile(r"([0-9]*)([A-Z]?)(?:\+([0-9]+))?")
# What may be kept as what: kinds of numpy types.
_ACCEPTED = {float: "fiu", complex: "fiuc", bool: "b", int: "iu"}


class Form(NamedTuple):
    """Two functions of (value, `Place`), to JSON and from JSON, which raise ValueError on what is odd."""

    pack: Callable
    unpack: Callable


class Shelf:
    """The arrays of one file.

    Parameters
    ----------
    arrays : dict of str to ndarray, optional
        Those of a file that is read, all real; none of one that is written.

    Examples
    --------
    >>> shelf = Shelf()
    >>> shelf.put(np.ones((2, 3)))
    >>> Shelf(shelf.all_arrays()).take(4), Shelf(shelf.all_arrays()).left
    (array([1., 1., 1., 1.]), 6)
    """

    def __init__(self, arrays=None):
        self.rows = dict(arrays or {})
        self.numbers, self.place = [self.rows.pop(NUMBERS, np.zeros(0))], 0
        if self.numbers[0].ndim != 1:
            raise ValueError(f"{NUMBERS} has {self.numbers[0].ndim} axes, expected one")

    @property
    def left(self):
        """int : how many of the small arrays' numbers nobody took."""
        return self.numbers[0].size - self.place

    def put(self, array):
        """Add the numbers of a small array."""
        self.numbers.append(array.ravel())

    def take(self, size):
        """The next ``size`` numbers of small arrays."""
        if size > self.left:
            raise ValueError(f"{NUMBERS} has {self.left} entries left where {size} are wanted")
        self.place += size
        return self.numbers[0][self.place - size : self.place]

    def all_arrays(self):
        """What goes into the file: dict of str to ndarray."""
        return {**self.rows, NUMBERS: np.concatenate(self.numbers)}


class Place(NamedTuple):
    """Where a value stands: the file's arrays, the value's name, and lengths known by their letters."""

    shelf: Shelf
    name: str
    sizes: dict

    def to(self, name):
        """The place of a part."""
        return self._replace(name=f"{self.name}/{name}".lstrip("/"))


def record(cls, **forms):
    """The form of an object with fields, each of a form of its own.

    Parameters
    ----------
    cls : type
        Its class, whose arguments are the fields.
    **forms : Form
        By field.

    Returns
    -------
    Form

    Examples
    --------
    >>> from dynsys.analysis.branch_proof import Stretch
    >>> form = record(Stretch, low=NUMBER, high=NUMBER, proved=COUNT, there=COUNT)
    >>> form.pack(Stretch(0.0, np.inf, 1, 2), Place(Shelf(), "", {}))
    {'low': 0.0, 'high': {'float': 'inf'}, 'proved': 1, 'there': 2}
    """

    def inside(place):
        return place._replace(sizes={name: size for name, size in place.sizes.items() if name == "R"})

    def pack(value, place):
        _expect(isinstance(value, cls), value, cls.__name__, place)
        own = inside(place)
        return {name: form.pack(getattr(value, name), own.to(name)) for name, form in forms.items()}

    def unpack(entry, place):
        if type(entry) is not dict or set(entry) != set(forms):
            raise ValueError(f"{place.name or 'it'} has not the fields of a {cls.__name__}")
        own = inside(place)
        return cls(**{name: form.unpack(entry[name], own.to(name)) for name, form in forms.items()})

    return Form(pack, unpack)


def many(form):
    """The form of a tuple of any length whose entries have one form.

    Examples
    --------
    >>> many(TEXT).unpack(["a", "b"], Place(Shelf(), "", {}))
    ('a', 'b')
    """

    def through(how):
        def apply(values, place):
            _expect(isinstance(values, (list, tuple)), values, "a sequence", place)
            return [how(value, place.to(k)) for k, value in enumerate(values)]

        return apply

    pack, unpack = map(through, form)
    return Form(pack, lambda entry, place: tuple(unpack(entry, place)))


def row(*forms):
    """The form of a tuple whose entries have forms of their own.

    Examples
    --------
    >>> row(NUMBER, COUNT).unpack([0.5, 3], Place(Shelf(), "", {}))
    (0.5, 3)
    """

    def through(how):
        def apply(values, place):
            whole = isinstance(values, (list, tuple)) and len(values) == len(forms)
            _expect(whole, values, f"{len(forms)} entries", place)
            return [getattr(f, how)(value, place.to(k)) for k, (f, value) in enumerate(zip(forms, values))]

        return apply

    unpack = through("unpack")
    return Form(through("pack"), lambda entry, place: tuple(unpack(entry, place)))


def optional(form):
    """The form of what may be None.

    Examples
    --------
    >>> optional(TEXT).pack(None, Place(Shelf(), "", {})) is None
    True
    """
    return Form(
        lambda value, place: None if value is None else form.pack(value, place),
        lambda entry, place: None if entry is None else form.unpack(entry, place),
    )


def array(*axes, dtype=float, small=False):
    """The form of an array.

    Parameters
    ----------
    *axes : str
        Its axes, see the file's docstring.
    dtype : {float, complex, bool, int}
        Its type; in files complex numbers are pairs along a last axis, and all are float64.
    small : bool, default False
        Whether it stands in ``numbers``.

    Returns
    -------
    Form

    Examples
    --------
    >>> shelf = Shelf()
    >>> array("M", "R+1", dtype=complex).pack([[1 + 2j]], Place(shelf, "rows", {"R": 0}))
    [1, 1]
    >>> shelf.rows["rows"]
    array([[[1., 2.]]])
    """

    def pack(value, place):
        found = np.asarray(value)
        _expect(found.dtype.kind in _ACCEPTED[dtype], value, f"an array of {dtype.__name__}", place)
        _fit(axes, found.shape, place)
        real = _as_real(found.astype(dtype))
        if dtype is int and (real.astype(int) != found).any():
            raise ValueError(f"{place.name}: integers above 2^53 cannot be kept")
        if small:
            place.shelf.put(real)
        else:
            place.shelf.rows[place.name] = real
        return list(found.shape)

    def unpack(shape, place):
        known = type(shape) is list and all(type(length) is int and length >= 0 for length in shape)
        _expect(known, shape, "a shape", place)
        _fit(axes, shape, place)
        pairs = [2] if dtype is complex else []
        if small:
            real = place.shelf.take(math.prod([*shape, *pairs])).reshape([*shape, *pairs])
        else:
            real = place.shelf.rows.pop(place.name)
        if list(real.shape) != [*shape, *pairs]:
            raise ValueError(f"{place.name} has the shape {real.shape}, expected {(*shape, *pairs)}")
        _expect(dtype in (float, complex) or (np.rint(real) == real).all(), real, "whole numbers", place)
        found = np.ascontiguousarray(real).view(complex)[..., 0] if pairs else real.astype(dtype)
        found.setflags(write=False)
        return found

    return Form(pack, unpack)


def names(letter):
    """The form of a tuple of texts that name the coordinates: at least one.

    Examples
    --------
    >>> names("R").unpack(["x", "y"], Place(Shelf(), "", {"R": 2}))
    ('x', 'y')
    """

    def check(texts, place):
        texts = tuple(texts)
        _fit((letter,), (len(texts),), place)
        _expect(texts and all(isinstance(text, str) for text in texts), texts, "names", place)
        return texts

    return Form(lambda value, place: list(check(value, place)), check)


def _same(check, what):
    """The form of what JSON holds as it is."""

    def through(value, place):
        _expect(check(value), value, what, place)
        return value

    return Form(through, through)


def _number(cls, what):
    """The form of a number of a class."""

    def check(value, place):
        _expect(isinstance(value, cls), value, what, place)
        float(value)  # which raises OverflowError where no array could hold it
        return value

    return Form(
        lambda value, place: pack_plain(check(value, place)),
        lambda entry, place: check(unpack_plain(entry), place),
    )


def _fit(axes, shape, place):
    """Check a shape, and learn the lengths of its letters."""
    fits = len(axes) == len(shape)
    for axis, length in zip(axes, shape) if fits else ():
        factor, letter, more = _AXIS.fullmatch(axis).groups()
        size, rest = divmod(length - int(more or 0), int(factor or 1))
        fits &= rest == 0 and size == (place.sizes.setdefault(letter, size) if letter else 1) and size >= 0
    if not fits:
        known = ", ".join(f"{letter} = {size}" for letter, size in place.sizes.items())
        raise ValueError(
            f"{place.name} has the shape {tuple(shape)}, expected ({', '.join(axes)}) with {known}"
        )


def _as_real(values):
    return np.stack([values.real, values.imag], axis=-1) if values.dtype == complex else values.astype(float)


def _expect(fine, value, what, place):
    if not fine:
        raise ValueError(f"{place.name or 'it'}: expected {what}, got {type(value).__name__}")


TEXT = _same(lambda value: isinstance(value, str), "a text")
FLAG = _same(lambda value: isinstance(value, bool), "True or False")
COUNT = _number((int, np.integer), "an integer")
NUMBER = _number((float, int, np.floating, np.integer), "a number")
PLAIN = Form(lambda value, place: pack_entries(value, place.name), lambda entry, place: unpack_entries(entry))
STATUS = Form(lambda status, place: status.name, lambda name, place: Status[name])
