"""From a network to a page about it: `analyse` runs every stage, `write_report` writes what it found.

Examples
--------
>>> import dynsys.report
>>> dir(dynsys.report)[:4]
['Analysis', 'analyse', 'check_folder', 'network_diagram']
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bifurcations": [
            "network_diagram",
            "parse_inputs",
            "point_sentences",
            "special_points_latex",
            "write_diagram",
        ],
        "example": ["train_example"],
        "page": ["check_folder", "write_report"],
        "results": ["Analysis"],
        "stages": ["analyse"],
        "training": ["write_training"],
    },
)
