"""The summary on the terminal: it must be readable at any width, in a pipe, and without colour."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from tieout.audit.report.terminal import print_summary
from tieout.audit.result import AuditResult
from tieout.canon.money import format_amount


def printed(result: AuditResult, width: int, **console: object) -> str:
    stream = io.StringIO()
    print_summary(result, Console(file=stream, width=width, **console))  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("width", [72, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_no_amount_is_cut(group: AuditResult, width: int) -> None:
    text = printed(group, width)
    assert max(len(line) for line in text.splitlines()) <= width
    for name, amount in group.totals.items():
        assert format_amount(amount, "EUR") in text, name
    for row in group.bridge:
        assert format_amount(row.unexplained, row.currency) in text
    for finding in [f for f in group.findings if f.group.value in group.totals][:10]:
        assert format_amount(finding.exposure, finding.currency) in text
    assert "…" not in text


def test_a_pipe_gets_no_escape_codes(group: AuditResult) -> None:
    assert "\x1b" not in printed(group, 100)


def test_no_color_is_honoured_on_a_terminal(group: AuditResult, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = printed(group, 100, force_terminal=True, color_system="standard")
    assert "\x1b[31m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printed(group, 100, force_terminal=True)
    assert "\x1b[31m" not in plain


def test_negative_amounts_have_a_true_minus_and_align(group: AuditResult) -> None:
    lines = [line for line in printed(group, 140).splitlines() if "R3 Billed" in line]
    assert any("−412.19" in line for line in lines)
    ends = {line.index("tied") for line in lines}
    assert len(ends) == 1


def test_text_in_brackets_is_shown_and_not_obeyed(group: AuditResult) -> None:
    hostile = msgspec.structs.replace(
        group.findings[0], risk=group.findings[1].risk, why="[bold red]free[/] [link=http://evil.example]x[/link]"
    )
    text = printed(msgspec.structs.replace(group, findings=(hostile,), company="[/] Acme", notes=("[red]note",)), 160)
    assert "[link=http://evil.example]" in text
    assert "[/] Acme" in text
    assert "[red]note" in text


def test_what_could_not_be_judged_is_said(group: AuditResult) -> None:
    text = printed(group, 120)
    assert "not judged: 27,602.53 USD in US01, 23 documents: bank lines are complete only to 31 May 2026" in text
    assert "billing/invoices.csv: 14 of 22,110 rows refused" in text


def test_nothing_found_is_not_reassuring_while_something_could_not_be_judged(group: AuditResult) -> None:
    clean = msgspec.structs.replace(group, findings=(), causes=(), totals={}, unknown=(), files=())
    assert "12,408 instances evaluated. Nothing is wrong in any of them." in printed(clean, 200)
    refused = printed(msgspec.structs.replace(clean, files=group.files), 200)
    rows = sum(file.rejected for file in group.files)
    assert f"Nothing is wrong in what could be judged. {rows} of" in refused
    assert "rows could not be read and are not in it." in refused
    blind = msgspec.structs.replace(clean, unknown=group.unknown)
    text = printed(blind, 200)
    assert "Nothing is wrong in what could be judged. The money of 24 documents could not be judged." in text
