"""How each system of the simulated company writes its exports: no two alike, as in life.

What is not listed here is written under canonical names, as JSON lines (gzip) in the rich mix. The volume mix is Parquet
throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..world import Mix

Format = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True)
class LinesFile:
    """The lines of a CSV document in a file of their own."""

    path: str
    parent: str
    """Column that names the document's id."""
    columns: dict[str, str] = field(default_factory=dict)
    bare: dict[str, str] = field(default_factory=dict)
    """Reference fields that are written without their system: field → system."""


@dataclass(frozen=True)
class Layout:
    """One file of exports. Fields without a column of their own keep their canonical name."""

    path: str
    format: Format
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    """Field → canonical value → what the file says for it."""
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    date: str = ""
    """strptime format of days; empty: ISO 8601."""
    lines: LinesFile | None = None


PARQUET = frozenset(
    {
        "charge",
        "entitlement",
        "usage",
        "time_entry",
        "shipment",
        "revenue_schedule",
        "invoice",
        "credit_memo",
        "source_total",
    }
)
"""Types that are Parquet in the rich mix, too, unless they have a layout of their own below."""

BANK = Layout(
    path="bank/umsaetze.csv",
    format="csv",
    encoding="latin-1",
    delimiter=";",
    decimal=",",
    date="%d.%m.%Y",
    columns={
        "id": "Umsatz-Nr.", "entity": "Gesellschaft", "currency": "Währung", "account": "Konto", "amount": "Betrag",
        "booked_on": "Buchungstag", "value_on": "Wertstellung", "text": "Verwendungszweck", "kind": "Umsatzart",
        "payout": "Auszahlung", "customer": "Kunde", "fx_rate": "Kurs",
    },
    values={
        "kind": {
            "customer": "Zahlungseingang", "payout": "Auszahlung", "interest": "Zinsen", "tax_refund": "Steuererstattung",
            "fee": "Gebühr", "refund": "Rückzahlung", "internal": "Umbuchung", "other": "Sonstiges",
        },
    },
)  # fmt: skip

BILLING_INVOICES = Layout(
    path="billing/invoices.csv",
    format="csv",
    date="%m/%d/%Y",
    columns={
        "id": "Invoice ID", "number": "Invoice No", "entity": "Company", "currency": "Currency", "customer": "Account",
        "status": "Status", "issued_at": "Issued (UTC)", "due_on": "Due Date", "net": "Subtotal", "tax": "Tax",
        "rounding": "Rounding", "total": "Total", "subscription": "Subscription", "replaces": "Rebills",
        "delivered_at": "Sent (UTC)",
    },
    values={
        "status": {
            "draft": "Draft", "issued": "Open", "paid": "Paid", "void": "Voided", "uncollectible": "Uncollectible",
            "posted": "Posted", "rejected": "Rejected",
        },
    },
    lines=LinesFile(
        path="billing/invoice_lines.csv",
        parent="Invoice ID",
        columns={
            "id": "Line", "order": "Sales Order", "line": "Order Line", "charge": "Charge", "service_from": "From",
            "service_to": "To", "quantity": "Quantity", "net": "Amount", "tax": "Tax Amount",
        },
        bare={"order": "crm"},
    ),
)  # fmt: skip

APPLICATIONS = Layout(
    path="erp/zahlungszuordnungen.csv",
    format="csv",
    delimiter=";",
    decimal=",",
    columns={
        "id": "Beleg", "entity": "Buchungskreis", "currency": "Währung", "payment": "Zahlung", "invoice": "Rechnung",
        "kind": "Art", "amount": "Betrag", "applied_at": "Zeitpunkt", "fx_rate": "Kurs",
    },
    values={
        "kind": {
            "cash": "Zahlung", "withholding": "Quellensteuer", "discount": "Skonto", "bank_charge": "Bankspesen",
            "write_off": "Ausbuchung", "refund": "Erstattung", "chargeback": "Rücklastschrift",
        },
    },
)  # fmt: skip

LAYOUTS: dict[tuple[str, str], Layout] = {
    ("bank", "bank_line"): BANK,
    ("billing", "invoice"): BILLING_INVOICES,
    ("erp", "cash_application"): APPLICATIONS,
    ("erp", "payment"): Layout(path="erp/receipts.csv", format="csv"),
    ("payments", "payment"): Layout(path="payments/payments.jsonl", format="jsonl"),
    ("payments", "payout"): Layout(
        path="payments/payouts.csv", format="csv", columns={"id": "payout_id", "paid_on": "arrival_date"}
    ),
    ("crm", "contract"): Layout(path="crm/contracts.csv", format="csv"),
}


def layout(mix: Mix, system: str, type_: str, part: int | None = None) -> Layout:
    """How that system exports that type; ``part`` numbers the files of a company that is written in parts."""
    if mix == "volume":
        return Layout(path=f"{system}/{type_}/part-{part or 0:04d}.parquet", format="parquet")
    known = LAYOUTS.get((system, type_))
    if known is not None:
        return known
    suffix, format_ = (".parquet", "parquet") if type_ in PARQUET else (".jsonl.gz", "jsonl")
    return Layout(path=f"{system}/{type_}{suffix}", format=format_)  # type: ignore[arg-type]
