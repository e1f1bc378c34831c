"""``tieout web`` and ``tieout serve``: the processes of the live engine."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from .installation import AsOf, Folder, day_of

Host = Annotated[
    str, typer.Option("--host", metavar="HOST", help="The address to listen on; 0.0.0.0 is every one of the machine.")
]
Port = Annotated[
    int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="The port to listen on; 0 is any that is free.")
]


def web(folder: Folder = None, host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Take webhooks and answer the API, until it is told to stop. Workers run elsewhere."""
    from tieout import settings
    from tieout.app.running import run
    from tieout.app.web import web as part

    run(settings.read(os.environ, folder), [part(host, port)], typer.echo)


Workers = Annotated[int, typer.Option("--workers", metavar="N", min=0, max=64, help="Worker processes.")]


def serve(
    folder: Folder = None, host: Host = "127.0.0.1", port: Port = 8080, workers: Workers = 1, as_of: AsOf = None
) -> None:
    """Everything, until it is told to stop: what `tieout web` does, with workers beside it."""
    from tieout import settings
    from tieout.telemetry.together import count_together

    count_together()
    from tieout.app.children import children
    from tieout.app.running import run
    from tieout.app.ways_in import ways_in
    from tieout.app.web import web as part

    parts = [*ways_in(), part(host, port), children(workers, day_of(as_of))]
    run(settings.read(os.environ, folder), parts, typer.echo)
