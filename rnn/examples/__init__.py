"""Networks that ship with the project, trained by its own recipes: one for each task, and some more.

A name says task, rank and size, such as ``rdm-r1-n512``; ``full-romo-n256`` is of full rank, and
``full-romo-n256-initial`` the network that its training started from (J and J_0). ``strong-context-r1-n4096``
was trained with a cue of amplitude 1 instead of 0.1. Each file carries where it comes from: seed, accuracy
when it was made, versions; `benchmarks/make_examples.py` makes them again.
"""

from importlib.resources import as_file, files

from rnn.storage import load_network, read_header
from tasks.errors import InputError

SUFFIX = ".npz"


def example_names():
    """Names of the networks that ship with the project.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "rdm-r1-n512" in example_names()
    True
    """
    entries = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in entries if name.endswith(SUFFIX)))


def load_example(name, **settings):
    """Load a network that ships with the project.

    Parameters
    ----------
    name : str
        One of `example_names`, or its beginning where that leaves no choice.
    **settings
        ``alpha``, ``noise_std`` and ``phi`` in place of the stored ones, as in `load_network`.

    Returns
    -------
    LowRankRNN or FullRankRNN

    Raises
    ------
    InputError
        No network of that name, or several; the message lists them.

    Examples
    --------
    >>> load_example("rdm-r1")
    LowRankRNN(512 units, rank 1, 1 input, 1 output, tanh, alpha 0.2, noise_std 0.05)
    """
    with as_file(_entry(name)) as path:
        return load_network(path, **settings)


def example_record(name):
    """Where a shipped network comes from.

    Parameters
    ----------
    name : str
        As in `load_example`.

    Returns
    -------
    dict
        Task, its parameters where they are not the defaults, seed, accuracy on fresh trials when it was made,
        hash, and the versions of the packages.

    Examples
    --------
    >>> example_record("rdm-r1")["task"]
    'rdm'
    """
    with as_file(_entry(name)) as path:
        return read_header(path)["provenance"]


def _entry(name):
    fitting = [known for known in example_names() if known == name] or [
        known for known in example_names() if known.startswith(str(name))
    ]
    if len(fitting) != 1:
        found = "no example" if not fitting else "several examples"
        raise InputError(f"name: {found} called {name!r}; there are {', '.join(example_names())}")
    return files(__name__) / (fitting[0] + SUFFIX)
