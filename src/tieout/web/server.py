"""The web server of this process: uvicorn in a thread, on a socket that is open before anybody is told that we listen."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn

from tieout.canon.faults import MachineFault

from . import bounded
from .application import Application

GRACE = 20
"""Seconds that requests which are under way get to end in."""
IDLE = 75
"""Seconds that a caller's connection is kept open for the next request: longer than proxies usually do."""


@contextmanager
def serving(
    application: Application,
    host: str,
    port: int,
    ended: Callable[[BaseException | None], None],
    head_seconds: float = bounded.SECONDS,
) -> Iterator[str]:
    """Listen while the context is open; yields the address. On leaving, what is under way is answered first.

    ``ended`` is called when the server ends on its own. Raises MachineFault where the address cannot be had.
    """
    listener = listen(host, port)
    protocol: Any = partial(bounded.BoundedProtocol, seconds=head_seconds)
    config = uvicorn.Config(
        application, loop="uvloop", http=protocol, ws="none", lifespan="off", access_log=False, log_config=None, log_level="warning",
        server_header=False, date_header=True, timeout_keep_alive=IDLE, timeout_graceful_shutdown=GRACE,
    )  # fmt: skip
    server = uvicorn.Server(config)
    leaving = threading.Event()

    def work() -> None:
        error = None
        try:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(server.serve([listener]))
        except BaseException as raised:
            error = raised
        if not leaving.is_set():
            ended(error)

    thread = threading.Thread(target=work, name="tieout-http", daemon=True)
    thread.start()
    try:
        yield _address(listener)
    finally:
        leaving.set()
        server.should_exit = True
        thread.join()
        application.close()
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket on which callers are let in. Raises MachineFault."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise MachineFault(
            f"no web server can be opened: {error.strerror or error}", where=f"{host}:{port}",
            mend="name another address with --host and --port, or end what listens there",
        ) from error  # fmt: skip


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
