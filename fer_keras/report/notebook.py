"""Runs one notebook with papermill, in a kernel that is watched, measured and never left behind."""

import logging
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.execute import raise_for_execution_errors

from fer_keras.base import home

for name in ("papermill", "asyncio"):
    logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is told here, in one sentence


def run_notebook(
    path: Path, parameters: dict, kernels: set[int], timeout: int | None, environment: dict, on_cell: Callable
) -> NotebookNode:
    """The executed notebook; in its metadata `fer_keras` says how it went, with `failed` None or why it stopped.

    kernels: holds the kernel's process number while it runs, so that another thread can `kill` it. timeout: seconds
    a cell may take. environment: added to the kernel's. on_cell: told the number of each code cell before it runs.
    """
    at = SimpleNamespace(notebook=nbformat.read(path, 4), cell=None, number=0, process=None, peak=0)
    began, failed = time.time(), None

    class Kernel(AsyncKernelManager):
        """Says which process it is."""

        async def start_kernel(self, **options) -> None:
            streams = {"stdout": subprocess.DEVNULL, "stderr": said}  # cells' own go to the notebook, and were doubled
            await super().start_kernel(env=kernel_variables() | environment, **streams, **options)
            at.process = self.provisioner.pid
            kernels.add(at.process)

    def notebook_starts(notebook: NotebookNode) -> None:
        at.notebook = notebook

    def cell_starts(cell: NotebookNode, cell_index: int) -> None:
        at.cell, at.number = cell, at.number + 1
        on_cell(at.number)

    def cell_ended(**_) -> None:
        at.peak = _peak(at.process)

    with tempfile.TemporaryFile() as said:
        try:
            papermill.execute_notebook(
                str(path),
                None,  # kept in memory: a notebook that is stopped replaces no finished one
                parameters,
                progress_bar=False,
                request_save_on_cell_execute=False,
                coalesce_streams=True,  # or what a cell prints falls into pieces
                execution_timeout=timeout,
                iopub_timeout=60,  # seconds that outputs may come late; 4 are few on a busy machine
                resources={"metadata": {"path": str(path.parent)}},  # papermill's own cwd= would move the whole process
                kernel_manager_class=Kernel,
                extra_arguments=["--IPKernelApp.log_level=50"],  # or ipykernel 7 warns of every kernel's open port
                on_notebook_start=notebook_starts,
                on_cell_execute=cell_starts,
                on_cell_executed=cell_ended,
            )
            if at.notebook.metadata["papermill"]["exception"]:  # sys.exit(0) is no error to papermill
                failed = f"cell {at.number}: it ended the notebook early"
        except papermill.PapermillExecutionError as error:
            failed = f"cell {at.number}: {_first_line(f'{error.ename}: {error.evalue}')}"
        except Exception as error:  # papermill calls all cells completed then, and shows nothing
            said.seek(0)
            why = _why(error, timeout, said.read().decode(errors="replace"))
            failed = f"cell {at.number}: {why}" if at.cell else f"before its first cell: {why}"
            _mark(at.notebook, at.cell, at.number, type(error).__name__, why)
        finally:
            if at.process:
                kill(at.process)  # and what its cells have started
                kernels.discard(at.process)
    at.notebook.metadata["fer_keras"] = {
        "failed": failed,
        "began": round(began, 1),
        "seconds": round(time.time() - began, 1),
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "peak_mb": at.peak,
    }
    return at.notebook


def kernel_variables() -> dict[str, str]:
    """The environment of a kernel, which works in the folder of its notebook, and whose bars cannot be drawn over, even
    if a notebook in Jupyter asked for this."""
    return os.environ | {"JPY_SESSION_NAME": ""} | home.variables()


def kill(process: int) -> None:
    """End a kernel, whatever it does, with the processes that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            os.kill(process, signal.SIGTERM)
        else:
            os.killpg(process, signal.SIGKILL)  # a kernel leads a group of its own


def code_cells(notebook: NotebookNode) -> int:
    """How many cells run."""
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)


def _peak(process: int) -> int:
    """Megabytes that a process has held at most; 0 where the system does not say (it is Linux that does)."""
    with suppress(OSError):
        if held := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text("utf-8")):
            return round(int(held[1]) / 1024)
    return 0


def _why(error: Exception, timeout: int | None, said: str) -> str:
    """said: by the kernel's process, outside of cells."""
    if isinstance(error, DeadKernelError):
        return "the kernel died; it was killed, ran out of memory or crashed"
    if isinstance(error, CellTimeoutError) and timeout and "IOPub" not in str(error):
        return f"stopped after the {timeout} seconds that a cell may take"
    last = said.strip().rpartition("\n")[2]
    return f"{_first_line(f'{type(error).__name__}: {error}')}{last and f' ({last})'}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].strip()


def _mark(notebook: NotebookNode, cell: NotebookNode | None, number: int, name: str, why: str) -> None:
    """Show in the notebook where and why it stopped, as papermill does when a cell raises."""
    cell = cell or next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.execution_count = number or None
    cell.outputs = [output for output in cell.outputs if output.output_type != "error"]  # the interrupt that stopped it
    cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=why, traceback=[f"{name}: {why}"]))
    for later in notebook.cells[notebook.cells.index(cell) :]:
        later.metadata["papermill"] = {"status": "pending", "exception": None}
    cell.metadata["papermill"] = {"status": "failed", "exception": True}
    notebook.metadata.setdefault("papermill", {})["exception"] = True
    with suppress(papermill.PapermillExecutionError):
        raise_for_execution_errors(notebook, None)
