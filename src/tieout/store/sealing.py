"""Secrets of others, sealed: what is in the database is worth nothing without the file of keys.

The file has a Fernet key a line (AES-128-CBC with HMAC-SHA256, cryptography.io/fernet). The first one seals, all of them open; so a key
is replaced by writing a new one above it, sealing everything anew, and taking the old one out.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tieout.canon.faults import MachineFault


class Sealer:
    """Seals and opens with the keys of a file. The file is made, for its owner only, when something is sealed for the first time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def seal(self, secret: str) -> bytes:
        """Under the first key."""
        if not self._path.exists():
            self._make()
        return self._keys().encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """What was sealed. Raises MachineFault where none of the keys opens it."""
        try:
            return self._keys().decrypt(sealed).decode()
        except InvalidToken:
            raise MachineFault(
                "none of its keys opens what is sealed in the database", where=str(self._path),
                mend="put the key back that it was sealed with, or give each connection a new secret: tieout connection rotate",
            ) from None  # fmt: skip

    def _keys(self) -> MultiFernet:
        try:
            lines = self._path.read_text(encoding="ascii").split()
            return MultiFernet([Fernet(line) for line in lines])
        except OSError as error:
            raise MachineFault(
                f"the keys of what is sealed cannot be read: {error.strerror}", where=str(self._path),
                mend="put the file there, or name it in TIEOUT_KEYS",
            ) from error  # fmt: skip
        except ValueError as error:
            raise MachineFault(
                "has no Fernet key a line", where=str(self._path), mend="keep only lines as `tieout` wrote them"
            ) from error

    def _make(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        half = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(half, self._path)  # Of two who make it at once one is first, and the other uses that.
        except FileExistsError:
            pass
        finally:
            half.unlink()
