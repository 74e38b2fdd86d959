"""What results of every room have in common: arrays that nobody changes, and tables that notebooks show."""

from html import escape

import numpy as np


def keep_arrays(result, **types):
    """Replace arrays of a frozen result by read-only copies of the given types.

    Parameters
    ----------
    result : object
        A frozen dataclass, in its ``__post_init__``.
    **types : numpy dtype or None
        Name of the field and type of its array; None for the type that it has. A field that is None stays so.

    Examples
    --------
    >>> from tasks.base import Trials
    >>> trials = Trials(*np.ones((3, 2, 5, 1)))
    >>> keep_arrays(trials, mask=bool)
    >>> trials.mask.dtype.name, trials.mask.flags.writeable
    ('bool', False)
    """
    for name, dtype in types.items():
        value = getattr(result, name)
        if value is not None:
            array = np.array(value, dtype=dtype)
            array.setflags(write=False)
            object.__setattr__(result, name, array)


def html_table(rows, titles=(), caption="", named=False):
    """An HTML table of plain texts.

    Parameters
    ----------
    rows : iterable of sequence
        Cells, made text by ``str`` and escaped.
    titles : sequence of str, optional
        Of the columns.
    caption : str, optional
        Text above the table.
    named : bool, default False
        Whether the first cell of a row is its name.

    Returns
    -------
    str

    Examples
    --------
    >>> html_table([("units", 128)], caption="N < 200", named=True)
    '<table><caption>N &lt; 200</caption><tr><th>units</th><td>128</td></tr></table>'
    """
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "".join(_row(row, "th" if named else "td") for row in rows)
    return f"<table>{above}{_row(titles, 'th', 'th') if titles else ''}{body}</table>"


def _row(cells, first, others="td"):
    kinds = [first] + [others] * (len(cells) - 1)
    return f"<tr>{''.join(f'<{k}>{escape(str(cell))}</{k}>' for k, cell in zip(kinds, cells))}</tr>"
