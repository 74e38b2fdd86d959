"""Equations as symbols: mean fields, systems, LaTeX and generated code; the only package that uses sympy."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "codegen": ["generate", "load"],
        "couplings": ["Couplings", "effective_couplings"],
        "expectations": ["GaussianExpectation", "closed_form", "expectation"],
        "latex": ["to_latex"],
        "meanfield": ["mean_field"],
        "box": ["TrappingBox"],
        "system": ["System", "jacobian"],
    },
)
