"""Writes docs/functions.md: every public name by room, with the first sentence of its docstring.

    python docs/functions.py

`tests/test_functions.py` fails while the page says anything else than the packages do.
"""

import importlib
import inspect
import re
from pathlib import Path

ROOMS = {
    "tasks": "Tasks and trials, and how well they are done",
    "rnn": "Networks: made, trained, run, reduced, kept in files",
    "dynsys.populations": "Gaussian populations: fitted, redrawn, perturbed",
    "dynsys.symbolic": "Equations in symbols: mean fields, typed systems, LaTeX, exact statements",
    "dynsys.analysis": "What a field does: fixed points, cycles, portraits, bifurcations",
    "dynsys.plotting": "Pictures; each draws one result into an Axes and computes nothing",
    "dynsys.report": "Every stage at once, and its page",
    "dynsys.explore": "The phase plane by hand, in a notebook",
}
HEAD = """# What can be called

Every public name by the room that it is imported from; `help(name)` has its arguments and an example that
runs. A name with a star can also be imported from `dynsys`. `python docs/functions.py` writes this page from
the docstrings.
"""


def page():
    """Text of the page, str."""
    shared = importlib.import_module("dynsys").__all__
    parts = [HEAD]
    for room, subject in ROOMS.items():
        package = importlib.import_module(room)
        things = {name: getattr(package, name) for name in sorted(package.__all__, key=str.lower)}
        parts.append(f"\n## {room}\n\n{subject}.\n")
        for title, wanted in (("function", False), ("data", True)):
            lines = [
                f"| `{name}`{' *' if name in shared else ''} | {first_sentence(thing)} |"
                for name, thing in things.items()
                if inspect.isclass(thing) == wanted and callable(thing)
            ]
            if lines:
                parts.append("\n".join(["", f"| {title} | |", "|---|---|", *lines, ""]))
    return "".join(parts)


def first_sentence(thing):
    """First sentence of a docstring as one line of a table."""
    summary = " ".join(inspect.getdoc(thing).partition("\n\n")[0].split())
    sentence = re.split(r"(?<=\w[.)\]`])\s+(?=[A-Z])", summary)[0]
    return sentence.replace("|", "\\|")


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page())
