"""The one door to numba: cached compilation that never fails at import.

numba raises when it finds no folder to keep compiled code in (a read-only installation without HOME).
Here that costs the cache and one line in the log, not the import.
"""

import functools
import gc
import logging
import warnings
from contextlib import contextmanager

import numba
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaExperimentalFeatureWarning

# NaN must stay visible (isnan is wrong under fastmath=True); these flags still let reductions vectorise.
FASTMATH = frozenset({"contract", "reassoc", "nsz", "arcp", "afn"})


def jit(*signature, **options):
    """Compile like `numba.njit`, cached on disk when that is possible.

    Parameters
    ----------
    *signature : numba signature, optional
        Explicit signature or signatures, as for `numba.njit`, but compiled at the first use, not at import:
        nobody waits for what is not used.
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
            compiled = numba.njit(**options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            _say_once()
            compiled = numba.njit(**{**options, "cache": False})(function)
        if signature and isinstance(compiled, Dispatcher):
            _compile_at_first_use(compiled, signature[0])
        return compiled

    return decorate


def _compile_at_first_use(dispatcher, signatures):
    """Hold the signatures back until the function is called, or typed inside another compiled function."""
    signatures = signatures if isinstance(signatures, list) else [signatures]
    waiting = ("_compile_for_args", "get_call_template", "get_function_type")

    def settle():
        with global_compiler_lock, _no_garbage_collected(), warnings.catch_warnings():
            # Functions as arguments are the way into every kernel here; a user cannot do anything about it.
            warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
            if waiting[0] in vars(dispatcher):
                for each in signatures:
                    dispatcher.compile(each)
                dispatcher.disable_compile()
                for name in waiting:
                    delattr(dispatcher, name)

    def stand_in(name):
        def settled(*given, **named):
            settle()
            if name == waiting[0]:  # numba wants what it should call
                return dispatcher
            return getattr(dispatcher, name)(*given, **named)

        return settled

    for name in waiting:
        setattr(dispatcher, name, stand_in(name))


@contextmanager
def _no_garbage_collected():
    """Compiling makes and keeps so many objects that looking for garbage takes a tenth of its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


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
