"""The packages where they are installed badly: nowhere to write, no home, no display, no TeX."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnn import LowRankRNN, save_network

ROOT = Path(__file__).resolve().parents[1]
DROP_FROM_BOUNDING_SET, DAC_OVERRIDE = 24, 1


def without_rights():
    """Rights of files bind the administrator too, from the next program on (Linux)."""
    ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, DAC_OVERRIDE, 0, 0, 0)


@pytest.fixture
def read_only(tmp_path):
    """A copy of the packages in which nobody can write."""
    copy = tmp_path / "site"
    for name in ("tasks", "rnn", "dynsys"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    folders = [copy, *(path for path in copy.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield copy
    for folder in folders:
        folder.chmod(0o755)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes the rights away as Linux does")
def test_a_read_only_installation_without_home_works_and_says_so_once(read_only, tmp_path):
    code = (
        "import pathlib, numpy as np, rnn, dynsys, dynsys.analysis.field as f\n"
        "try: (pathlib.Path(f.__file__).parent / 'probe').touch()\n"
        "except OSError: print('read-only', f.__file__)\n"
        "net = dynsys.LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4))\n"
        "print(len(dynsys.find_fixed_points(dynsys.reduced_field(net))), 'points')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, preexec_fn=without_rights, capture_output=True, text=True,
        # Without HOME the user's cache would be looked up by name; this one cannot be written.
        env={"PATH": os.defpath, "PYTHONPATH": str(read_only), "XDG_CACHE_HOME": str(read_only)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [f"read-only {read_only}/dynsys/analysis/field.py", "3 points"]
    assert len(run.stderr.splitlines()) == 1 and "set NUMBA_CACHE_DIR" in run.stderr


@pytest.mark.slow
def test_a_report_needs_neither_display_nor_tex(tmp_path):
    """Even where matplotlib's settings ask for both."""
    rng = np.random.default_rng(3)
    m, I, w = rng.standard_normal((3, 40, 1))
    save_network(LowRankRNN(m, 1.3 * m + I, I, 4 * m + w), tmp_path / "net.npz")
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nbackend: tkagg\n")
    caches = ("HOME", "NUMBA_CACHE_DIR", "DYNSYS_CACHE", "XDG_CACHE_HOME")
    kept = {name: os.environ[name] for name in caches if name in os.environ}
    run = subprocess.run(
        [sys.executable, "-m", "dynsys", "analyse", "net.npz", "--task", "rdm", "-o", "out"],
        cwd=tmp_path, capture_output=True, text=True,
        env={**kept, "PATH": "/nonexistent", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out" / "equations.tex").exists()
    assert len(list((tmp_path / "out" / "figures").glob("*.png"))) == 7
