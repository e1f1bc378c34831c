"""Brings the tables up to date: the SQL files of ``migrations/``, in the order of their numbers, run by Django's migrator.

Each file is one transaction, recorded in ``django_migrations`` as (store, its name). Why Django's migrator, and why SQL:
docs/decisions. A file that was released is never changed; what it did is changed by the next file. Changes are such that the workers
of the release before run on through them: first add, later remove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from . import locks
from .errors import DatabaseLost

if TYPE_CHECKING:
    from django.db.backends.postgresql.base import DatabaseWrapper
    from django.db.migrations.executor import MigrationExecutor

LABEL = "store"
ALIAS = "tieout_migrate"


class Status(msgspec.Struct, frozen=True):
    """How the tables of a database stand to this version of Tieout."""

    pending: tuple[str, ...]
    """Migrations to apply, in order."""
    unknown: tuple[str, ...]
    """Applied by a newer version than this one."""


def status(dsn: str) -> Status:
    """Compare a database with the migrations. Changes nothing. Raises DatabaseLost."""
    with _executor(dsn) as executor:
        return _status(executor)


def migrate(dsn: str, applied: Callable[[str], None] = lambda _name: None, until: str = "") -> Status:
    """Apply what is pending, or up to and with one, and tell each as it is done. Of several who do this one works, the others wait.

    Returns what there was to do. Raises DatabaseLost.
    """
    with _executor(dsn) as executor, _alone(executor):
        executor.loader.build_graph()  # Somebody may have migrated while we waited.
        before = _status(executor)
        executor.progress_callback = _telling(applied)
        executor.migrate([(LABEL, until)] if until else executor.loader.graph.leaf_nodes())
        return before


def files() -> dict[str, Path]:
    """The SQL file of each migration by its name, in order."""
    folder = Path(str(resources.files(__package__) / "migrations"))
    return {path.stem: path for path in sorted(folder.glob("[0-9]*.sql"))}


def _status(executor: MigrationExecutor) -> Status:
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    known = set(executor.loader.disk_migrations)
    newer = sorted(name for label, name in executor.loader.applied_migrations if (label, name) not in known)
    return Status(tuple(migration.name for migration, _ in plan), tuple(newer))


def _telling(applied: Callable[[str], None]) -> Callable[..., None]:
    def progress(action: str, migration: Any = None, _fake: bool = False) -> None:
        if action == "apply_success":
            applied(migration.name)

    return progress


@contextmanager
def _alone(executor: MigrationExecutor) -> Iterator[None]:
    """Hold the lock of those who migrate. It is the session's, and goes with the connection if that breaks."""
    with executor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [locks.MIGRATE])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [locks.MIGRATE])


@contextmanager
def _executor(dsn: str) -> Iterator[MigrationExecutor]:
    """Django's migrator on one connection of its own, with our files among its migrations."""
    import django
    from django.conf import settings
    from django.db import DatabaseError, connections
    from django.db.migrations import Migration, RunSQL
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.loader import MigrationLoader

    if not settings.configured:  # In a web process they are, with the applications whose tables Django keeps.
        settings.configure(USE_TZ=True, LOGGING_CONFIG=None)
        django.setup()

    class Loader(MigrationLoader):
        def load_disk(self) -> None:
            super().load_disk()
            self.migrated_apps.add(LABEL)
            before: list[tuple[str, str]] = []
            for name, path in files().items():
                migration = Migration(name, LABEL)
                migration.operations = [RunSQL(path.read_text(encoding="utf-8"))]
                migration.dependencies = before
                self.disk_migrations[LABEL, name] = migration
                before = [(LABEL, name)]

    # Django's transactions look their connection up by its name, in this thread.
    connection = connections[ALIAS] = _connection(dsn)
    try:
        executor = MigrationExecutor(connection)
        executor.loader = Loader(connection)
        yield executor
    except DatabaseError as error:
        if isinstance(error.__cause__, psycopg.OperationalError):
            raise DatabaseLost.because(error.__cause__) from error
        raise
    finally:
        connection.close()
        del connections[ALIAS]


def _connection(dsn: str) -> DatabaseWrapper:
    from django.db.backends.postgresql.base import DatabaseWrapper

    parameters = conninfo_to_dict(dsn)
    name = parameters.pop("dbname", "")
    settings = {
        "ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": "", "PASSWORD": "", "HOST": "", "PORT": "",
        "OPTIONS": {**parameters, "application_name": "tieout migrate"}, "TIME_ZONE": None, "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False, "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False, "TEST": {},
    }  # fmt: skip
    return DatabaseWrapper(settings, ALIAS)
