"""What happens at a special point of a branch of cycles, in words (super- or subcritical)."""

import numpy as np

# A coefficient below this, per turn and with the cycle's size as the unit, counts as zero.
ZERO = 1e-6


def describe_fold(form, size, others, place, side):
    """Sentence of a fold of cycles.

    Parameters
    ----------
    form : mapping of str to number
        Of `dynsys.analysis.cycle_forms.normal_form`; may be empty.
    size : float
        Period times size of the cycle.
    others : int
        Unstable directions besides the critical one.
    place : str
        Where it is: the parameter's name, " = " and so on.
    side : {"above", "below"}
        Where the branch goes on to, for a fold whose coefficients do not tell.

    Returns
    -------
    str

    Examples
    --------
    >>> describe_fold({"a": -1.4, "a01": 0.7}, 6.0, 0, "p = -0.25", "below")
    'Fold of cycles at p = -0.25: a stable and an unstable cycle meet; they exist for p above it.'
    """
    what = "two cycles meet"
    if form and abs(form["a"]) * size > ZERO:
        side = "above" if form["a"] * form["a01"] < 0 else "below"
        what = f"a stable and an unstable cycle{_besides(others, ' in the critical direction')} meet"
    elif form:
        what += " and the quadratic coefficient vanishes"
    return f"Fold of cycles at {place}: {what}; they exist for {_name(place)} {side} it."


def describe_doubling(form, size, others, place):
    """Sentence of a period doubling; arguments as in `describe_fold`.

    Examples
    --------
    >>> describe_doubling({"c": -0.7, "speed": 1.0}, 6.0, 0, "p = 1")
    'Supercritical period doubling at p = 1: stable cycles of twice the period exist for p above it.'
    """
    begins, born = "cycles of twice the period begin", "{} cycles of twice the period exist"
    return _cubic(form, form.get("c"), size**2, others, place, "Period doubling", begins, born)


def describe_torus(form, size, others, place, angle):
    """Sentence of a torus point; arguments as in `describe_fold`.

    Parameters
    ----------
    form, size, others, place
        As in `describe_fold`.
    angle : float
        Of the pair of multipliers.

    Returns
    -------
    str

    Examples
    --------
    >>> describe_torus({"angle": np.pi / 2}, 6.0, 0, "p = 1", np.pi / 2)
    'Torus bifurcation at p = 1: a second frequency begins, 0.25 turns a period (a strong resonance).'
    """
    begins = f"a second frequency begins, {angle / (2 * np.pi):.6g} turns a period"
    c1 = form.get("c1")
    if form and c1 is None:
        begins += " (a strong resonance)"
    born = begins + "; {} tori exist"
    cubic = None if c1 is None else c1.real
    return _cubic(form, cubic, size**2, others, place, "Torus bifurcation", begins, born)


def unstable_besides(multipliers, critical):
    """Number of multipliers (K,) outside the unit circle besides so many critical ones.

    Examples
    --------
    >>> unstable_besides(np.array([3.0, -1.0000001, 0.2]), 1)
    1
    """
    sizes = np.abs(multipliers)
    rest = sizes[np.argsort(np.abs(sizes - 1))[critical:]]
    return int((rest > 1).sum())


def _cubic(form, cubic, size, others, place, title, begins, born):
    """Super- or subcritical, and on which side of the parameter what is born lives."""
    if cubic is None:
        return f"{title} at {place}: {begins}."
    if abs(cubic) * size <= ZERO:
        return f"Degenerate {title.lower()} at {place}: {begins}; the cubic coefficient vanishes."
    what, stability = ("Supercritical", "stable") if cubic < 0 else ("Subcritical", "unstable")
    side = "above" if form["speed"] * cubic < 0 else "below"
    exist = born.format(stability)
    return f"{what} {title.lower()} at {place}: {exist} for {_name(place)} {side} it{_besides(others)}."


def _besides(others, before=""):
    return f"{before} (unstable directions besides: {others})" if others else ""


def _name(place):
    return place.partition(" ")[0]
