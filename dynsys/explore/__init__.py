"""The phase plane by hand: `explore` shows sliders and a plane to click in, `PhasePlaneModel` does it.

Only `explore` needs ipywidgets (``pip install "dynsys-rnn[notebooks]"``); the model and its pictures do not.

Examples
--------
>>> import dynsys.explore
>>> dir(dynsys.explore)
['Explorer', 'PhasePlaneModel', 'Scene', 'draw_scene', 'explore', 'slider_groups', 'slider_ranges']
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "drawing": ["draw_scene"],
        "model": ["PhasePlaneModel"],
        "ranges": ["slider_groups", "slider_ranges"],
        "scene": ["Scene"],
        "widget": ["Explorer", "explore"],
    },
)
