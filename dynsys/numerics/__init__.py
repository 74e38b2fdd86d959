"""Compiled leaves: Gaussian expectations, fields of finite networks, root finding, curves, time steps.

Import what you need from the module that is named after it; users enter through `dynsys.analysis`.
The modules named below load when first asked for, as attributes: compiling them takes seconds.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["branch_and_prune", "counting", "interval_network"]
)
