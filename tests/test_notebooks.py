"""Every notebook runs from top to bottom, shows figures, is stored as it ran; numbers stand in its code."""

import os
import re
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICK = ("quickstart",)  # all others take more than a few seconds
TRAINED = ("quickstart", "rank_one", "rank_two")  # what their networks learn differs between processors
TRAINED_MAY_DIFFER = 2  # lines
NUMBER = re.compile(r"[-+\u2212]?\d[\d.,]*(e[-+]?\d+)?")
WRONG_PLURAL = re.compile(
    r"(?<![\d.,:=])\b1 (?:populations|branches|\w* ?points|cycles|units|inputs)\b|\(s\)"
)
DECIMAL = re.compile(r"\d+\.\d+")
QUOTED = {
    "rank_one": ("0.75",),
    "rank_two": ("0.005", "0.136"),
}  # figures of the report that these two discuss


def printed_lines(notebook):
    """What the cells print and show as text, numbers and spaces taken out."""
    texts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":  # a busy kernel may send one line in two pieces
                texts.append(output.text)
            else:
                texts.append("\n" + output.get("data", {}).get("text/plain", "") + "\n")
        texts.append("\n")
    lines = (NUMBER.sub("#", line) for line in "".join(texts).splitlines())
    return [" ".join(line.split()) for line in lines if line.strip()]


def test_a_line_that_comes_in_two_pieces_is_one_line():
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("1 point", " of 2\n")]
    whole = [nbformat.v4.new_output("stream", name="stdout", text="3 point of 4\n")]
    cells = [nbformat.v4.new_code_cell(outputs=outputs) for outputs in (pieces, whole)]
    lines = [printed_lines(nbformat.v4.new_notebook(cells=[cell])) for cell in cells]
    assert lines == [["# point of #"], ["# point of #"]]


def figures(notebook):
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output for output in outputs if "image/png" in output.get("data", {})]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else pytest.mark.slow)
        for path in NOTEBOOKS
    ],
)
def test_notebook_runs_and_shows_figures(path, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    stored, lines = len(figures(notebook)), printed_lines(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a notebook chooses its own
    executed = nbclient.execute(notebook, cwd=str(path.parent), timeout=120, kernel_name="python3")
    assert len(figures(executed)) == stored > 0
    changed = sorted(set(lines) ^ set(printed_lines(executed)))
    assert len(changed) <= (2 * TRAINED_MAY_DIFFER if path.stem in TRAINED else 0), changed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_is_stored_executed(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert figures(notebook)
    assert str(Path.home()) not in path.read_text() and str(ROOT) not in path.read_text()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_text_of_a_notebook_leaves_numbers_to_its_code(path):
    """A decimal in the text is a setting of the code, or quoted from elsewhere: results are printed."""
    notebook = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for number in DECIMAL.findall(cell.source):
                assert number in code or number in QUOTED.get(path.stem, ()), f"{number} in: {cell.source}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_stored_lines_count_in_words_that_agree(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            wrong = WRONG_PLURAL.findall(text)
            assert not wrong, (wrong, text)
