"""The one door to numba: cached compilation that never fails at import.

numba raises when it finds no folder to keep compiled code in (a read-only installation without HOME).
Here that costs the cache and one line in the log, not the import.
"""

import functools
import logging

import numba
from numba.core.compiler import Compiler

# NaN must stay visible (isnan is wrong under fastmath=True); these flags still let reductions vectorise.
FASTMATH = frozenset({"contract", "reassoc", "nsz", "arcp", "afn"})


def jit(*signature, **options):
    """Compile like `numba.njit`, cached on disk when that is possible.

    Parameters
    ----------
    *signature : numba signature, optional
        Explicit signature or signatures, as for `numba.njit`.
    **options
        Options of `numba.njit`; ``cache=True`` and ``error_model="numpy"`` unless given. ``noalias=True``
        promises that array arguments do not overlap, so that loops need no checks for it.

    Returns
    -------
    callable
        A decorator.

    Examples
    --------
    >>> @jit(cache=False)
    ... def double(x):
    ...     return 2.0 * x
    >>> double(1.5)
    3.0
    """
    options.setdefault("cache", True)
    options.setdefault("error_model", "numpy")
    if options.pop("noalias", False):
        options["pipeline_class"] = _NoAliasCompiler
    if isinstance(options.get("fastmath"), frozenset):  # numba takes a set only
        options["fastmath"] = set(options["fastmath"])

    def decorate(function):
        try:
            return numba.njit(*signature, **options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            _say_once()
            return numba.njit(*signature, **{**options, "cache": False})(function)

    return decorate


@functools.cache
def _say_once():
    logging.getLogger("dynsys").warning(
        "no folder for compiled code: compiling in every process; set NUMBA_CACHE_DIR to a writable folder"
    )


class _NoAliasCompiler(Compiler):
    """numba's own compiler with its flag ``noalias`` set, which `numba.njit` has no option for."""

    def define_pipelines(self):
        self.state.flags.noalias = True
        return super().define_pipelines()
