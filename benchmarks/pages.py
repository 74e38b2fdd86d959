"""Put what a command has printed into a page, between two marks that name the command."""

from pathlib import Path


def put(page, name, text):
    """Replace what stands between ``<!-- name -->`` and ``<!-- end name -->`` in a page."""
    page = Path(page)
    start, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    whole = page.read_text()
    if whole.count(start) != 1 or whole.count(end) != 1:
        raise SystemExit(f"{page}: expected one line {start.strip()!r} and one line {end!r}")
    before, rest = whole.split(start)
    page.write_text(before + start + "\n" + text.strip("\n") + "\n\n" + end + rest.split(end)[1])
