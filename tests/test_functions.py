"""docs/functions.md lists every public name, with the first sentence of its docstring."""

import importlib
import importlib.util
import pkgutil
from pathlib import Path

import pytest

import dynsys
import rnn
import tasks

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture(scope="module")
def writer():
    pytest.importorskip("ipywidgets")  # the explorer stands on the page, too
    pytest.importorskip("ipympl")
    spec = importlib.util.spec_from_file_location("functions", DOCS / "functions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_says_what_the_packages_do(writer):
    assert (DOCS / "functions.md").read_text() == writer.page(), "renew it: python docs/functions.py"


def test_every_room_with_public_functions_is_on_the_page(writer):
    packages = [tasks, rnn, dynsys]
    for package in (rnn, dynsys):
        names = (
            f"{package.__name__}.{info.name}" for info in pkgutil.iter_modules(package.__path__) if info.ispkg
        )
        packages += [importlib.import_module(name) for name in names]
    listed = {name for room in writer.ROOMS for name in importlib.import_module(room).__all__}
    for package in packages:
        public = {name for name in getattr(package, "__all__", ()) if callable(getattr(package, name))}
        assert public <= listed, f"{package.__name__}: {sorted(public - listed)}"


def test_first_sentences_are_sentences(writer):
    for room in writer.ROOMS:
        package = importlib.import_module(room)
        for name in package.__all__:
            sentence = writer.first_sentence(getattr(package, name))
            assert sentence.endswith(".") and 12 < len(sentence) < 240, (room, name, sentence)
