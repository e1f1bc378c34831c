"""``tieout audit DIR``: exports in, report out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tieout.audit.progress import Progress, silent
from tieout.canon.faults import InputFault

from .audit_init import init
from .implied import ImpliedRun
from .machine import writing

if TYPE_CHECKING:
    from rich.console import Console

    from tieout.audit.report.threshold import Threshold
    from tieout.audit.result import AuditResult

EXIT_EXCEEDED = 3

app = typer.Typer(
    cls=ImpliedRun, no_args_is_help=True, rich_markup_mode=None,
    help="Finds what leaks in the exports of a directory: tieout audit DIR. Propose their mapping first: tieout audit init DIR.",
)  # fmt: skip
app.command("init")(init)


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """Which files to write."""

    html: Path | None = None
    excel: Path | None = None
    json: Path | None = None
    parquet: Path | None = None

    def under(self, folder: Path | None) -> Outputs:
        """All of them under one folder, where one is given, except those that were named."""
        if folder is None:
            return self
        return Outputs(
            html=self.html or folder / "report.html", excel=self.excel or folder / "report.xlsx",
            json=self.json or folder / "report.json", parquet=self.parquet or folder / "parquet",
        )  # fmt: skip

    def check(self) -> None:
        """Whether they can be written, before an audit is made for nothing: raises Fault with what is in the way."""
        for path in (self.html, self.excel, self.json):
            if path is not None:
                with writing(path):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    new = not path.exists()
                    path.open("ab").close()
                    if new:
                        path.unlink()
        if self.parquet is not None:
            with writing(self.parquet):
                self.parquet.mkdir(parents=True, exist_ok=True)


@app.command("run")
def run(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The directory with the exports and their mapping, audit.toml.")
    ],
    as_of: Annotated[
        str,
        typer.Option(metavar="DATE", help="The state at the end of this day (YYYY-MM-DD); default: of the mapping."),
    ] = "",
    entity: Annotated[
        list[str] | None, typer.Option(metavar="ENTITY", help="Only this legal entity; may be given several times.")
    ] = None,
    flow: Annotated[
        list[str] | None, typer.Option(metavar="FLOW", help="Only this flow; may be given several times.")
    ] = None,
    period: Annotated[
        str, typer.Option(metavar="MONTH", help="The bridge of this month (YYYY-MM); default: the month of the day.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write everything here: report.html, report.xlsx, report.json and parquet/."),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as one HTML page.")] = None,
    excel: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the workbook with every finding and its documents.")
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything as JSON, for tools.")] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write findings, their documents and the lines of the bridge as Parquet files."
        ),
    ] = None,
    fail_over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LIMIT", help="Exit code 3 above a total, such as 'leakage 10000 EUR'; may be given several times."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no summary and no progress.")] = False,
) -> None:
    """Audit the exports of a directory: what leaked, where, how much, with the documents. Nothing of it is changed."""
    from rich.console import Console

    from tieout.audit.report import threshold

    thresholds = [threshold.parse(text) for text in fail_over or []]
    day, outputs = _day(as_of), Outputs(html=html, excel=excel, json=json, parquet=parquet).under(out)
    outputs.check()
    from tieout.audit.run import audit

    from .progress import shown_progress

    with shown_progress(Console(stderr=True, quiet=quiet)) as progress:
        result = audit(
            directory, as_of=day, entities=tuple(entity or ()), flows=tuple(flow or ()), period=period or None,
            progress=progress,
        )  # fmt: skip
        write_outputs(result, outputs, progress)
    raise typer.Exit(finish(result, outputs, thresholds, Console(quiet=quiet)))


def write_outputs(result: AuditResult, outputs: Outputs, progress: Progress = silent) -> None:
    """Write the files that were asked for; raises Fault where one cannot be written."""
    from tieout.audit.report.excel import write_excel
    from tieout.audit.report.files import write_json, write_parquet
    from tieout.audit.report.html import write_html

    writers = (
        (write_html, outputs.html), (write_excel, outputs.excel), (write_json, outputs.json),
        (write_parquet, outputs.parquet),
    )  # fmt: skip
    wanted = [(write, path) for write, path in writers if path is not None]
    for done, (write, path) in enumerate(wanted):
        progress(f"writing {path.name}", done, len(wanted))
        with writing(path):
            write(result, path)


def finish(result: AuditResult, outputs: Outputs, thresholds: list[Threshold], console: Console) -> int:
    """Print the summary and where the report is; the exit code: 3 where a threshold is exceeded, else 0."""
    from tieout.audit.report.terminal import print_summary, print_words
    from tieout.audit.report.threshold import exceeded

    print_summary(result, console)
    written = [
        ("Report", outputs.html),
        ("Workbook", outputs.excel),
        ("JSON", outputs.json),
        ("Parquet", outputs.parquet),
    ]
    console.print()
    for name, path in written:
        if path is not None:
            print_words(console, f"{name}: {path}")
    if not any(path for _, path in written):
        print_words(console, "The whole report, to open in a browser: add --out DIR")
    broken = [words for threshold in thresholds if (words := exceeded(threshold, result))]
    for words in broken:
        typer.echo(f"tieout: --fail-over: {words}", err=True)
    return EXIT_EXCEEDED if broken else 0


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise InputFault(f"{text!r} is not a day", where="--as-of", mend="write it like 2026-06-30") from None
