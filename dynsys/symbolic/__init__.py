"""Equations as symbols: mean fields, systems, LaTeX and generated code; the only package that uses sympy."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "codegen": ["generate", "load"],
        "expectations": ["GaussianExpectation", "closed_form", "expectation"],
        "latex": ["to_latex"],
        "meanfield": ["effective_couplings", "mean_field"],
        "system": ["System", "TrappingBox", "jacobian"],
    },
)
