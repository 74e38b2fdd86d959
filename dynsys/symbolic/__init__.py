"""Equations as symbols: mean fields, systems, LaTeX and generated code; the only package that uses sympy."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bifurcation_conditions": ["OriginBranch", "closed_form_fixed_points", "origin_branch"],
        "box": ["TrappingBox"],
        "codegen": ["generate", "load"],
        "couplings": ["Couplings", "effective_couplings"],
        "enclosures": ["enclosures"],
        "expectations": ["GaussianExpectation", "closed_form", "expectation"],
        "latex": ["equation_strings", "symbol_rows", "to_latex"],
        "meanfield": ["mean_field"],
        "origin": ["origin_jacobian"],
        "oscillation": ["OriginHopf", "origin_hopf"],
        "programs": ["taylor_program"],
        "stability": ["OriginStability", "origin_stability"],
        "symmetry": ["Symmetries", "symmetries"],
        "system": ["System", "jacobian"],
    },
)  # fmt: skip
