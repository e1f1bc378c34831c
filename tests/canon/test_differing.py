"""One invoice in two systems, side by side."""

from __future__ import annotations

from typing import Any

from tieout.canon.decode import from_plain
from tieout.canon.differing import Differing, differing
from tieout.canon.documents import Document

LINES = [{"id": "1", "order": "crm/O-1", "net": 6000}, {"id": "2", "order": "crm/O-1", "net": 4000}]
INVOICE = {"type": "invoice", "currency": "EUR", "net": 10000, "tax": 1900, "total": 11900, "lines": LINES}


def billing(**more: Any) -> Document:
    return from_plain({**INVOICE, "system": "billing", "id": "INV-7", "version": 3, **more})


def erp(**more: Any) -> Document:
    return from_plain({**INVOICE, "system": "erp", "id": "501", "mirrors": "billing/INV-7", **more})


def test_views_that_agree_differ_in_nothing() -> None:
    lines = [{"id": "10", "order": "erp/77", "net": 6000}, {"id": "20", "order": "erp/77", "net": 4000}]
    assert differing([billing(), erp(lines=lines, ext={"posted_by": "x"})]) == (), (
        "ids and references are each system's own"
    )


def test_an_amount_and_a_line_that_differ_are_named_with_what_each_says() -> None:
    lines = [{"id": "1", "net": 6000}, {"id": "2", "net": 3500}]
    found = differing([billing(), erp(lines=lines, net=9500)])
    assert [one.field for one in found] == ["net", "lines"]
    assert found[0] == Differing("net", {"billing": 10000, "erp": 9500})


def test_who_says_nothing_differs_from_nobody() -> None:
    assert differing([billing(number="2026-0007"), erp()]) == ()
    assert [one.field for one in differing([billing(number="2026-0007"), erp(number="7")])] == ["number"]


def test_one_view_or_none_differs_from_nothing() -> None:
    assert differing([billing()]) == differing([]) == ()
