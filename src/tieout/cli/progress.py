"""How far a command is, shown once it has taken longer than people like to wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich import progress as rich
from rich.console import Console
from rich.markup import escape

from tieout.audit.progress import Progress, silent

PATIENCE_SECONDS = 2.0


@contextmanager
def shown_progress(console: Console) -> Iterator[Progress]:
    """A callback ``(step, done, total)`` whose steps are shown on a terminal from `PATIENCE_SECONDS` on, and nowhere else."""
    if console.quiet or not console.is_terminal:
        yield silent
        return
    columns = (
        rich.SpinnerColumn(),
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
    )
    display = rich.Progress(*columns, console=console, transient=True)
    task = display.add_task("starting", total=None)
    patience = threading.Timer(PATIENCE_SECONDS, display.start)
    patience.daemon = True

    def step(words: str, done: int, total: int) -> None:
        display.update(task, description=escape(words), completed=done, total=total or None)

    patience.start()
    try:
        yield step
    finally:
        patience.cancel()
        patience.join()
        display.stop()
