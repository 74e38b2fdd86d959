"""Compiled leaves: Gaussian expectations, fields of finite networks, root finding, curves, time steps.

Import what you need from the module that is named after it; users enter through `dynsys.analysis`.
"""
