"""From a System to compiled functions: one readable source file per system, named by its hash.

The file holds five numba functions with the signatures of `dynsys.numerics.signatures`, all on flat
float64 vectors: the state, the inputs, the parameters, and the vector to fill. Kernels take them as
first-class functions; parameter_jacobian and directional are compiled on first use.

    rhs(x, u, p, out)                 out (R,)          F
    jacobian(x, u, p, out)            out (R R,)        dF_r/dx_s, row by row
    parameter_jacobian(x, u, p, out)  out (R (S + K),)  dF_r/d(inputs, then parameters), row by row
    directional(x, u, p, q, out)      out (2 R,)        B(q, q), then C(q, q, q)
    outputs(x, u, p, out)             out (O,)          readouts

Nothing a user typed is read as code: the file uses its own symbols and names the user's in comments.
"""

import functools
import hashlib
import importlib.util
import logging
import os
import sys
import tempfile
from pathlib import Path

import rnn.jit as door
from dynsys.numerics import gaussian, signatures
from dynsys.symbolic import derivatives, source
from dynsys.symbolic.derivatives import plain
from dynsys.symbolic.source import expression_text, source_text
from dynsys.symbolic.system import System
from tasks.errors import FileError, InputError


def generate(system):
    """Write the source file of a system, unless it is there already.

    Parameters
    ----------
    system : System
        The system; its parameters' values do not matter.

    Returns
    -------
    pathlib.Path
        A Python file in the cache folder: the environment variable DYNSYS_CACHE, else the user's cache
        folder, else (with a line in the log) a temporary one.

    Raises
    ------
    InputError
        Not a System.

    Examples
    --------
    >>> import sympy
    >>> x, mu = sympy.symbols("x mu")
    >>> generate(System([mu - x**2], [x], parameters=[mu])).suffix
    '.py'
    """
    if not isinstance(system, System):
        raise InputError(f"system: expected a System, got {type(system).__name__}")
    flat = plain(system)
    return keep(f"field_{fingerprint(system, flat, _INGREDIENTS)}.py", lambda: source_text(system, flat))


def keep(name, write):
    """Path of a file of generated code in the cache folder, written unless it is there already.

    Parameters
    ----------
    name : str
        Its name, which holds the hash of all that it depends on.
    write : callable
        Returns its text.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FileError
        No folder can be written to.

    Examples
    --------
    >>> keep("field_example.py", lambda: "# nothing").name
    'field_example.py'
    """
    text = None
    for folder in _folders():
        path = folder / name
        try:
            if not _intact(path):
                text = text or _sealed(write())
                _write(path, text)
            return path
        except OSError as error:
            logging.getLogger("dynsys").warning("cannot keep generated code in %s: %s", folder, error)
    raise FileError(f"{name}: no folder can be written to, not even a temporary one; set DYNSYS_CACHE")


def load(path):
    """Import a file written by `generate`.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    module
        With the attributes rhs, jacobian, parameter_jacobian, directional and outputs, compiled functions.

    Raises
    ------
    FileError
        Missing, damaged, or not written by `generate`.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> x, mu = sympy.symbols("x mu")
    >>> module = load(generate(System([mu - x**2], [x], parameters=[mu])))
    >>> out = np.empty(1)
    >>> module.rhs(np.array([2.0]), np.empty(0), np.array([1.0]), out)
    >>> out
    array([-3.])
    """
    path = Path(path)
    name = f"dynsys_{path.stem}"
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    if not _intact(path):
        raise FileError(f"{path}: missing or damaged; call generate(system) to write it again")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # numba looks its functions' module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


# What generated code depends on besides the system: a change of any of these makes older files stale.
_INGREDIENTS = (gaussian, signatures, derivatives, source, door)
_SEAL = "# sha256 of everything above: "


def fingerprint(system, flat, ingredients):
    """Hash of a system and of the modules that its generated code is made from.

    Examples
    --------
    >>> import sympy
    >>> line = System([-sympy.Symbol("x")], ["x"])
    >>> len(fingerprint(line, plain(line), (gaussian,)))
    32
    """
    names = (system.state_names, system.input_names, system.parameter_names, system.output_names)
    arguments = [
        text for e in flat.expectations for text in (e.phi, expression_text(e.mu), expression_text(e.Delta))
    ]
    expressions = [expression_text(e) for e in (*flat.equations, *flat.outputs)]
    digest = hashlib.sha256(repr((names, arguments, expressions)).encode())
    digest.update(_ingredients_digest(ingredients))
    return digest.hexdigest()[:32]


@functools.cache
def _ingredients_digest(ingredients):
    return hashlib.sha256(b"".join(Path(module.__file__).read_bytes() for module in ingredients)).digest()


def _sealed(text):
    return f"{text}\n{_SEAL}{hashlib.sha256(text.encode()).hexdigest()}\n"


def _intact(path):
    try:
        text, seal, _ = path.read_text(encoding="ascii").rpartition(f"\n{_SEAL}")
    except (FileNotFoundError, UnicodeDecodeError):
        return False
    return bool(seal) and path.read_text(encoding="ascii") == _sealed(text)


def _write(path, text):
    """Whole or not at all: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="ascii", dir=path.parent, suffix=".part", delete=False
    ) as part:
        part.write(text)
    try:
        os.replace(part.name, path)
    except OSError:
        os.unlink(part.name)
        raise


def _folders():
    """Cache folders to try, best first."""
    given = os.environ.get("DYNSYS_CACHE")
    if given:
        yield Path(given)
    elif sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        yield Path(os.environ["LOCALAPPDATA"]) / "dynsys" / "cache"
    elif os.environ.get("XDG_CACHE_HOME"):
        yield Path(os.environ["XDG_CACHE_HOME"]) / "dynsys"
    else:
        home = os.path.expanduser("~")
        if home != "~":
            yield (
                Path(home, "Library", "Caches", "dynsys")
                if sys.platform == "darwin"
                else Path(home, ".cache", "dynsys")
            )
    yield Path(_temporary_folder().name)


@functools.cache
def _temporary_folder():
    return tempfile.TemporaryDirectory(prefix="dynsys-")  # private, and gone when the process ends
