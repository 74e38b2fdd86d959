r"""Names of symbols: what a user may type, the symbol that stands for it, and how it is printed.

Any ASCII identifier is a name, Python's keywords and sympy's letters (``lambda``, ``I``, ``N``, ``S``)
included: a name only ever labels a symbol and is never read as code.
"""

import re

import sympy

from tasks.errors import InputError

MAX_LENGTH = 60
GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi "
    "chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)
# What LaTeX given by a caller may hold: letters, digits, a few signs, and these commands.
_COMMANDS = GREEK | frozenset(
    "tilde bar hat vec dot ddot mathrm mathbf mathcal mathit varphi varepsilon vartheta ell prime".split()
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_TOKEN = re.compile(r"\\(?P<command>[A-Za-z]+)|\\[_,; ]|[A-Za-z0-9_^{}()+\-*/=.,' ]")


def check_name(what, name):
    """Return ``name`` as text if it is an ASCII identifier.

    Parameters
    ----------
    what : str
        What the name is for, in an error.
    name : str or sympy.Symbol
        The name.

    Returns
    -------
    str

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> check_name("parameter", "lambda")
    'lambda'
    >>> check_name("parameter", "x y")
    Traceback (most recent call last):
    tasks.errors.InputError: parameter: 'x y' is no name; use ASCII letters, digits and _, no digit first
    """
    text = name.name if isinstance(name, sympy.Symbol) else name
    if not isinstance(text, str) or not _IDENTIFIER.match(text):
        shown = repr(text)[:MAX_LENGTH]
        raise InputError(f"{what}: {shown} is no name; use ASCII letters, digits and _, no digit first")
    if len(text) > MAX_LENGTH:
        raise InputError(
            f"{what}: a name has at most {MAX_LENGTH} characters, {text[:20]!r}... has {len(text)}"
        )
    return text


def symbol(name):
    """The real symbol that stands for a name.

    Examples
    --------
    >>> symbol("I").is_real
    True
    """
    return sympy.Symbol(name, real=True)


def latex_name(name):
    r"""LaTeX of a name: Greek letters, trailing digits and ``_`` as subscripts, words upright.

    Parameters
    ----------
    name : str
        An ASCII identifier.

    Returns
    -------
    str

    Examples
    --------
    >>> latex_name("sigma_mn"), latex_name("kappa2"), latex_name("lambda"), latex_name("gain")
    ('\\sigma_{mn}', '\\kappa_{2}', '\\lambda', '\\mathrm{gain}')
    """
    base, *indices = name.split("_")
    if not base or not all(indices):
        return _upright(name)
    word = re.fullmatch(r"([A-Za-z]+)([0-9]*)", base)
    if word is None:
        return _upright(name)
    letters, digits = word.groups()
    if len(letters) > 1 and letters not in GREEK:
        return _upright(name)
    indices = ([digits] if digits else []) + [_index(part) for part in indices]
    return _letters(letters) + (f"_{{{','.join(indices)}}}" if indices else "")


def check_latex(name, latex):
    r"""Return the LaTeX given for a name if it is harmless: letters, digits, indices, Greek, a few accents.

    Examples
    --------
    >>> check_latex("x", r"\bar{x}_{1}")
    '\\bar{x}_{1}'
    >>> check_latex("x", r"\input{file}")
    Traceback (most recent call last):
    tasks.errors.InputError: latex of 'x': '\\input{file}' holds \input, which is not allowed in a symbol
    """
    position, depth = 0, 0
    while position < len(latex):
        token = _TOKEN.match(latex, position)
        if token is None or (token["command"] and token["command"] not in _COMMANDS):
            culprit = token.group() if token else latex[position : position + 2]
            raise InputError(
                f"latex of {name!r}: {latex!r} holds {culprit}, which is not allowed in a symbol"
            )
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth < 0:
            break
        position = token.end()
    if depth or not latex.strip():
        raise InputError(f"latex of {name!r}: the braces of {latex!r} do not match, or it is empty")
    return latex


def escape(text):
    r"""Plain text as LaTeX text: every special character escaped, anything beyond ASCII replaced.

    Examples
    --------
    >>> escape("50% of a_b")
    '50\\% of a\\_b'
    """
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {c: "\\" + c for c in "&%$#_{}"}
    return "".join(special.get(c, c if 32 <= ord(c) < 127 else "?") for c in text)


def _letters(text):
    if text in GREEK:
        return "\\" + text
    return text if len(text) == 1 else _upright(text)


def _index(text):
    if text in GREEK:
        return "\\" + text
    return text if text.isdigit() or len(text) <= 2 else _upright(text)


def _upright(text):
    return rf"\mathrm{{{text.replace('_', chr(92) + '_')}}}"
