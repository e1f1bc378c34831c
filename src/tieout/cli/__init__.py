"""The command line: one file for each command, wired together here.

A command's file imports what is heavy (DuckDB, Arrow) inside the command's function, so that ``tieout --help`` is instant.

Exit codes: 0 done · 1 the answer is no (a score below 100 %) · 2 something that the person at the keyboard can mend ·
3 a total exceeds ``--fail-over`` · 70 a fault of Tieout itself · 130 stopped by Ctrl-C · 143 stopped by SIGTERM.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from tieout import __version__
from tieout.canon.faults import Fault

from . import (
    archive,
    audit,
    backup,
    cases,
    connection,
    crosswalk,
    doctor,
    explain,
    export,
    figures,
    flows,
    instances,
    load,
    migrate,
    policy,
    preflight,
    replay,
    schema,
    seal,
    simulate,
    streams,
    token,
    trail,
    user,
    verify,
    web,
    whatif,
    worker,
)
from .interrupts import Interrupts
from .machine import fault_of

EXIT_FAULT = 2
EXIT_OURS = 70
OF_THE_SERVER = {
    "psycopg", "psycopg_pool", "psutil", "django", "structlog", "prometheus_client", "opentelemetry", "uvicorn", "uvloop",
    "httptools", "cryptography",
}  # fmt: skip
"""What the extra `tieout[server]` brings."""

app = typer.Typer(
    name="tieout",
    help="Finds where money leaks between CRM, billing, provisioning, payments, bank and ERP, to the cent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("archive")(archive.archive)
app.add_typer(audit.app, name="audit")
app.command("asof")(figures.asof)
app.command("backup")(backup.backup)
app.add_typer(cases.app, name="cases")
app.add_typer(connection.app, name="connection")
app.add_typer(crosswalk.app, name="crosswalk")
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("figures")(figures.figures)
app.add_typer(flows.app, name="flows")
app.add_typer(instances.app, name="instances")
app.command("load")(load.load)
app.command("migrate")(migrate.migrate)
app.add_typer(policy.app, name="policy")
app.command("preflight")(preflight.preflight)
app.command("replay")(replay.replay)
app.command("report")(figures.report)
app.command("restore")(backup.restore)
app.command("schema")(schema.schema)
app.add_typer(seal.app, name="seal")
app.command("serve")(web.serve)
app.add_typer(simulate.app, name="simulate")
app.add_typer(streams.app, name="streams")
app.add_typer(token.app, name="token")
app.command("trail")(trail.trail)
app.add_typer(user.app, name="user")
app.command("verify")(verify.verify)
app.command("web")(web.web)
app.command("whatif")(whatif.whatif)
app.command("worker")(worker.worker)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tieout {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options that hold for every command."""


def main() -> None:
    """Run the command line."""
    interrupts = Interrupts()
    interrupts.listen()
    try:
        run(app, interrupts)
    except SystemExit as end:
        if end.code == EXIT_FAULT or interrupts.signal:
            sys.unraisablehook = lambda _: None  # half-written files of libraries complain again when they are let go
        raise


def run(command: Callable[[], object], interrupts: Interrupts | None = None) -> None:
    """Run a command. What a person can mend is one message; a fault of ours keeps its traceback and says where to report it."""
    try:
        command()
    except BaseException as raised:
        if interrupts is not None and interrupts.signal and not _ended_well(raised):
            print("tieout: stopped; what was temporary is removed", file=sys.stderr)
            sys.exit(interrupts.exit_code)
        words = _mendable(raised)
        if words:
            print(f"tieout: {words}", file=sys.stderr)
            sys.exit(EXIT_FAULT)
        if not isinstance(raised, Exception):
            raise
        _ours()


def _ended_well(raised: BaseException) -> bool:
    """Whether a command took the signal as its cue and ended by itself, as a server does."""
    return isinstance(raised, SystemExit) and not raised.code


def _mendable(raised: BaseException) -> str:
    """What the person at the keyboard can mend, in words; empty where the fault is ours."""
    if isinstance(raised, Fault):
        return str(raised)
    if isinstance(raised, OSError):
        return str(fault_of(raised) or "")
    if isinstance(raised, ModuleNotFoundError) and raised.name in OF_THE_SERVER:
        return f"this command needs more than the audit does: pip install 'tieout[server]' ({raised})"
    if isinstance(raised, ModuleNotFoundError) and raised.name == "pika":
        return f"messages need one package more: pip install 'tieout[brokers]' ({raised})"
    return _of_the_database(raised) if "psycopg" in sys.modules else ""


def _of_the_database(raised: BaseException) -> str:
    from tieout.store.connection import lacks_tables
    from tieout.store.errors import DatabaseLost

    if isinstance(raised, DatabaseLost):
        return f"the database cannot be reached: {raised} (`tieout doctor` says more)"
    if lacks_tables(raised):
        return "the database has no tables yet, or those of an older version (run `tieout migrate`)"
    return ""


def _ours() -> NoReturn:
    traceback.print_exc()
    print(
        f"tieout {__version__}: this is a fault of Tieout, not of your files. Please report it with the lines above "
        "and the command you ran (CONTRIBUTING.md says where; leave out what is confidential).",
        file=sys.stderr,
    )
    sys.exit(EXIT_OURS)
