"""A notebook run by papermill, quietly. Not here: its parameters (``parameters``), its page (``page``)."""

import importlib
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A kernel warns at every start, since ipykernel 7.3, that it listens on TCP; it does so on localhost, for us alone.
QUIET = ["--IPKernelApp.log_level=50"]


@dataclass(frozen=True)
class Stop:
    """Where and why a notebook stopped.

    Attributes
    ----------
    cell
        Which code cell, from 1; 0 where no cell is to blame.
    error, message
        The error's type, and what it said.
    """

    cell: int
    error: str
    message: str

    def __str__(self) -> str:
        """Word it in one line."""
        first = next(iter(self.message.strip().splitlines()), "")
        where = f"cell {self.cell}: " if self.cell else ""
        return f"{where}{self.error}: {first}" if first else f"{where}{self.error}"


def load_papermill() -> None:
    """Import papermill without what a report does not need: that would take longer than the report itself.

    jsonschema builds a grammar for one format of addresses, which no notebook has. Papermill takes boto3 and pyarrow
    to write to S3 and HDFS; a report is written to a folder.
    """
    barred = [name for name in ("rfc3987_syntax", "boto3", "pyarrow.fs") if name not in sys.modules]
    for name in barred:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        importlib.import_module("papermill")
    finally:
        for name in barred:
            del sys.modules[name]


def execute(notebook: Path, target: Path, parameters: Mapping[str, Any]) -> Stop | None:
    """Run a notebook with parameters.

    Parameters
    ----------
    notebook, target
        The notebook, and where to write it with its outputs; also where it fails.
    parameters
        Already held against what it declares.

    Returns
    -------
    Stop or None
        Where it failed, and why.
    """
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellControlSignal, DeadKernelError
    from papermill.exceptions import PapermillException, PapermillExecutionError

    for name in ("papermill", "traitlets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what fails is raised, and said in one line
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else the debugger warns in the kernel's log
    papermill.engines.papermill_engines.register("at-the-end", _writing_at_the_end())
    quiet = {"progress_bar": False, "extra_arguments": list(QUIET)}
    swift = {"engine_name": "at-the-end", "shutdown_kernel": "immediate"}  # a farewell takes the kernel a second
    try:
        papermill.execute_notebook(str(notebook), str(target), dict(parameters), **quiet, **swift)
    except PapermillExecutionError as error:
        return Stop(_ordinal(target), error.ename, error.evalue)
    except DeadKernelError:
        return Stop(_ordinal(target), "DeadKernel", "the kernel died; was there enough memory?")
    except (PapermillException, CellControlSignal, NoSuchKernel, RuntimeError) as error:  # a kernel that never came up
        return Stop(0, type(error).__name__, str(error))
    return None


def _writing_at_the_end() -> type:
    """Return papermill's engine, but that it writes the notebook once: its own does twice a cell, pictures and all."""
    from papermill.engines import NBClientEngine

    class AtTheEnd(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
            nb_man.output_path, target = None, nb_man.output_path
            try:
                super().execute_managed_notebook(nb_man, kernel_name, **options)
            finally:
                nb_man.output_path = target

    return AtTheEnd


def _ordinal(target: Path) -> int:
    """Return which code cell was the last that began, from 1, injected parameters not counted."""
    import nbformat

    cells = [cell for cell in nbformat.read(target, as_version=4).cells if cell.cell_type == "code"]
    own = [cell for cell in cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    begun = [n for n, cell in enumerate(own, 1) if cell.metadata.get("papermill", {}).get("start_time")]
    return begun[-1] if begun else 0
