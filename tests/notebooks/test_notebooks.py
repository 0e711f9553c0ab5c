"""Notebooks run clean, and their two halves say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


def test_there_are_notebooks():
    """The folder is found, and every script has its notebook."""
    assert NAMES
    assert NAMES == sorted(path.stem for path in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_both_halves_of_a_pair_say_the_same(name):
    """The script is what is reviewed, the notebook what is opened: cell by cell the same, and no output stored."""
    script, notebook = (jupytext.read(FOLDER / f"{name}.{ending}") for ending in ("py", "ipynb"))
    assert [(c.cell_type, c.source) for c in script.cells] == [
        (c.cell_type, c.source) for c in notebook.cells
    ], f"jupytext --to ipynb notebooks/{name}.py brings them together"
    assert all(not cell.get("outputs") for cell in notebook.cells)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # zmq, tornado and the kernel of the notebook warn of each other
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_clean(name):
    """From the top to the bottom, without an error, and at least one figure is shown as a picture."""
    nbclient = pytest.importorskip("nbclient")
    notebook = jupytext.read(FOLDER / f"{name}.ipynb")
    nbclient.NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("image/png" in output["data"] for output in shown)
    assert not [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]
