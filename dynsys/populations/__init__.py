"""Gaussian populations of loadings: fitting them and drawing new networks from them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "activity": ["ActivityComponents", "activity_components", "projected_kappa"],
        "density": ["LoadingDensity", "loading_density"],
        "fit": ["Populations", "fit_populations", "populations_of"],
        "perturb": ["inactivate", "scale_gain"],
        "redraw": ["redraw"],
        "retrain": ["retrain"],
        "selection": ["PopulationSelection", "select_populations"],
        "structure": ["EPairs", "PopulationCounts", "compare_counts", "epairs", "label_stability"],
        "tables": ["MomentTable", "moment_table"],
    },
)
