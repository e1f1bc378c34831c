"""A Tieout in a process of its own, as a person or an init system starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any


class Tieout:
    """``tieout web`` or the like on a free port, with the data folder of a test."""

    def __init__(self, folder: Path, *words: str, **more: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
        command = [sys.executable, "-m", "tieout", *(words or ("web",)), "--data", str(folder), "--port", "0"]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | {"PYTHONUNBUFFERED": "1", **more},
        )
        self.said: list[str] = []
        self.port = self._port()

    def _port(self) -> int:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if found := re.match(r"listening on http://127\.0\.0\.1:(\d+)$", line):
                return int(found[1])
        raise AssertionError(f"it ended: {self.said} {self.process.communicate()[1]}")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of an answer; (0, None) where there was none."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body if isinstance(body, bytes | None) else json.dumps(body), named)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, HTTPException, json.JSONDecodeError):
            return 0, None
        finally:
            connection.close()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit code."""
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def __enter__(self) -> Tieout:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
