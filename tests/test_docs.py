"""The pages of docs: their Python runs in order and prints what stands there, their pictures exist."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from dynsys.plotting.style import new_figure  # noqa: F401  (matplotlib before the blocks change the folder)

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """Pairs of a block of Python and what is said to be printed by it, None where nothing is said."""
    found = BLOCK.findall(page.read_text())
    for (language, code), (after, printed) in zip(found, [*found[1:], ("", "")]):
        if language == "python":
            yield code, printed if after == "output" else None


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page))], ids=lambda page: page.stem)
def test_the_python_of_a_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page.stem}
    for code, promised in blocks(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(page), "exec"), names)
        assert promised is None or printed.getvalue() == promised, code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page):
    text = re.sub(BLOCK, "", page.read_text())
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_there_is_python_to_run():
    assert {"README", "training"} <= {page.stem for page in PAGES if any(blocks(page))}
