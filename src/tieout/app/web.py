"""The web server as a part of a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tieout.store.connection import open_pool
from tieout.store.intake import GroupCommit
from tieout.store.sealing import Sealer
from tieout.web.application import THREADS, Application
from tieout.web.doors import Doors
from tieout.web.means import Means
from tieout.web.routes import ROUTES
from tieout.web.server import serving

from .running import Installation, Part


def web(host: str, port: int) -> Part:
    """The HTTP API and the webhooks, on this address."""

    @contextmanager
    def part(installation: Installation) -> Iterator[str]:
        with open_pool(installation.dsn, "tieout web", THREADS) as pool, GroupCommit(installation.dsn) as intake:
            doors = Doors(pool, Sealer(installation.settings.keys_file))
            application = Application(Means(pool, intake, doors), ROUTES)
            with serving(application, host, port, installation.stop.ask) as address:
                installation.say(f"listening on {address}")
                yield address

    return part
