"""Every notebook runs from top to bottom, shows figures, and is stored as it ran."""

import os
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICK = ("quickstart",)  # all others take more than a few seconds


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
    stored = len(figures(notebook))
    assert notebook.metadata.kernelspec.name == "python3"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a notebook chooses its own
    executed = nbclient.execute(notebook, cwd=str(path.parent), timeout=120, kernel_name="python3")
    assert len(figures(executed)) == stored > 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_is_stored_executed(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert figures(notebook)
    assert str(Path.home()) not in path.read_text() and str(ROOT) not in path.read_text()
