"""A whole Tieout: `tieout serve` as a process, with workers and a database of its own, that can be killed and started again."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from tieout.store.connection import connect
from tieout.store.embedded import running
from tieout.store.migrate import migrate
from tieout.store.people import Wish, add_token
from tieout.store.trail import By

PATIENCE = 60.0


class Served:
    """A served installation."""

    def __init__(self, folder: Path, workers: int, as_of: str) -> None:
        self.folder, self.workers, self.as_of = folder, workers, as_of
        with running(folder) as dsn:
            migrate(dsn)
            with connect(dsn, "test") as connection:
                wish = Wish(name="test", kind="service", holder="shop", scopes=["deliver"])
                self.token = add_token(connection, wish, By("it", why="a test"))[1]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.log = (folder.parent / f"{folder.name}.log").open("ab")
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tieout", "serve", "--data", str(self.folder), "--port", str(self.port)]
        command += ["--workers", str(self.workers), "--as-of", self.as_of]
        return subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def again(self) -> None:
        """Kill the web server as a power cut would, and start everything anew."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def kill_worker(self, n: int) -> bool:
        """Kill one of the worker processes, if there is one now."""
        workers = [p for p in self._children() if self._is_worker(p)]
        return bool(workers) and self._kill(workers[n % len(workers)])

    def kill_database(self) -> bool:
        """Kill the server of the database, if there is one now."""
        found = self.folder / "postgres" / "postmaster.pid"
        for path in (found, *self.folder.rglob("postmaster.pid")):
            if path.is_file():
                with contextlib.suppress(ValueError, IndexError, psutil.Error):
                    return self._kill(psutil.Process(int(path.read_text().splitlines()[0])))
        return False

    def _children(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).children()
        return []

    def _is_worker(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):  # It may have ended meanwhile.
            return "worker" in process.cmdline()
        return False

    def _kill(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            os.kill(process.pid, signal.SIGKILL)
            return True
        return False

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """One request. Raises OSError or HTTPException where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {"Authorization": f"Bearer {self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said else None
        finally:
            connection.close()

    def deliver(self, body: bytes, key: str) -> int:
        """Send until it is accepted, as a careful sender does; how many times it took."""
        until = time.monotonic() + PATIENCE
        tries = 0
        while True:
            tries += 1
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, said = self.ask(
                    "POST", "/v1/deliveries", body, Content_Type="application/x-ndjson", Idempotency_Key=key
                )
                if 200 <= status < 300:
                    return tries
                assert status == 503, (status, said)
            assert time.monotonic() < until, "nobody answers"
            time.sleep(0.05)

    def stop(self) -> None:
        """End in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        self.log.close()
