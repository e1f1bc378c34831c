"""``tieout worker``: works out what follows from what arrives."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from .installation import AsOf, Folder, day_of

Metrics = Annotated[
    int | None,
    typer.Option(
        "--metrics-port", metavar="PORT", min=1, max=65535, help="Answer Prometheus on this port of the machine."
    ),
]


def worker(
    folder: Folder = None,
    metrics_port: Metrics = None,
    as_of: AsOf = None,
    is_child: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Interpret what arrived, evaluate what it touches and keep the cases, until it is told to stop. Run as many as there are cores."""
    from tieout import settings
    from tieout.app.children import with_parent
    from tieout.app.figures import figures
    from tieout.app.running import run
    from tieout.app.ways_in import ways_in
    from tieout.app.worker import worker as part
    from tieout.telemetry import metrics

    if metrics_port is not None:
        metrics.serve(metrics_port)
    parts = [part(day_of(as_of)), figures(day_of(as_of)), *([with_parent()] if is_child else ways_in())]
    run(settings.read(os.environ, folder), parts, typer.echo)
