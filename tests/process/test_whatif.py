"""What would another policy have changed? The same documents, two judgements, the difference in money."""

from __future__ import annotations

import datetime as dt
import tomllib
from decimal import Decimal

from tieout.canon.documents import Charge, Document, Entitlement, Invoice, InvoiceLine, Order, OrderLine
from tieout.canon.finding import Finding, Risk
from tieout.policy import Policy, parse
from tieout.process.definition import Flow, anchor, control, related
from tieout.process.instance import Instance
from tieout.process.money import judge_order
from tieout.process.whatif import WhatIf, judge_both, what_if

BASE = parse(
    tomllib.loads("""
[audit]
base_currency = "EUR"
[entities.DE01]
functional_currency = "EUR"
[[crosswalks]]
table = "item"
rows = [ { code = "P1", target = "I-100" }, { code = "P2", target = "I-200", to = 2026-03-31 } ]
"""),
    "audit.toml",
)
JUNE_30 = dt.date(2026, 6, 30)


class Orders(Flow):
    """Orders and what they are worth."""

    order = anchor(Order)
    charges = related(Charge, "order")
    entitlements = related(Entitlement, "order")
    invoices = related(Invoice, "lines.charge.order", views=True)
    money = control(judge_order, *Risk)


def at(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T09:00:00+00:00")


def order(number: str, product: str, net: int, *, posted: bool) -> Instance:
    """A service of June for one month's price, invoiced on 1 June; the ERP booked the invoice, or refused it."""
    head = {"entity": "DE01", "currency": "EUR"}
    ref = f"crm/{number}"
    sold = Order(
        system="crm", id=number, customer="crm/C", accepted_at=at("2026-06-01"), effective_on=dt.date(2026, 6, 1),
        lines=(OrderLine(id="1", product=f"crm/{product}"),), **head,
    )  # fmt: skip
    month = {"service_from": dt.date(2026, 6, 1), "service_to": dt.date(2026, 6, 30)}
    charge = Charge(
        system="billing", id=f"CH-{number}", order=ref, line="1", product=f"crm/{product}", period_months=1,
        start_on=dt.date(2026, 6, 1), end_on=dt.date(2026, 6, 30), unit_price=Decimal(net) / 100, **head,
    )  # fmt: skip
    invoice = Invoice(
        system="billing", id=f"INV-{number}", issued_at=at("2026-06-01"), net=net, total=net,
        lines=(InvoiceLine(id="1", charge=charge.ref, net=net, **month),), **head,
    )  # fmt: skip
    view = {"posted_at": at("2026-06-01"), "posting_period": "2026-06"} if posted else {"error": "invalid item"}
    booked = Invoice(
        system="erp", id=f"E-{number}", mirrors=invoice.ref, status="posted" if posted else "rejected",
        issued_at=invoice.issued_at, net=net, total=net, lines=invoice.lines, **view, **head,
    )  # fmt: skip
    active = Entitlement(
        system="provisioning", id=number, order=ref, line="1", activated_at=at("2026-06-01"), **head
    )  # fmt: skip
    members: dict[str, tuple[Document, ...]] = {
        "charges": (charge,), "entitlements": (active,), "invoices": (invoice, booked)
    }  # fmt: skip
    return Instance(sold.key, sold, members)


ORDERS = [
    order("O1", "P1", 500_00, posted=True),
    order("O2", "P2", 1_000_00, posted=False),
    order("O3", "P2", 250_00, posted=False),
    order("O4", "P1", 70_00, posted=False),
]


def under(policy: Policy) -> WhatIf:
    return judge_both(Orders, ORDERS, BASE, policy, JUNE_30)


def test_what_would_this_mapping_have_changed():
    """The item code of P2 ended in March. With it 1,000.00 + 250.00 could have been posted; O4's 70.00 is stuck for another reason."""
    mapped = BASE.with_crosswalk("item", [{"code": "P2", "target": "I-201", "from": "2026-04-01"}])
    found = under(mapped)
    assert [str(change) for change in found.changes] == [
        "unposted_invoice invoice/billing/INV-O2: 1,000.00 EUR no longer held up by crosswalk/item/P2",
        "unposted_invoice invoice/billing/INV-O3: 250.00 EUR no longer held up by crosswalk/item/P2",
        "master_data_gap crosswalk/item/P2: gone",
    ]
    assert [str(total) for total in found.totals] == [
        "stuck: 1,320.00 EUR, as before, 1,250.00 of it no longer held up"
    ]


def test_a_mapping_that_ends_earlier_would_have_held_more_up():
    ended = parse(
        {
            "audit": {"base_currency": "EUR"},
            "crosswalks": [{"table": "item", "rows": [{"code": "P1", "target": "I-100", "to": "2026-05-31"}]}],
        },
        "audit.toml",
    )
    found = under(ended)
    assert [(change.kind, change.finding.subject, change.weight) for change in found.changes] == [
        ("moved", "invoice/billing/INV-O4", 70_00),
        ("new", "crosswalk/item/P1", 0),
    ]
    assert str(found.changes[0]) == "unposted_invoice invoice/billing/INV-O4: now because of crosswalk/item/P1"


def test_the_same_policy_changes_nothing():
    found = under(BASE)
    assert found.changes == ()
    assert [(t.group, t.before, t.after, t.freed) for t in found.totals] == [("stuck", 1_320_00, 1_320_00, 0)]


def finding(risk: Risk, subject: str, exposure: int, **more: object) -> Finding:
    fields = {"entity": "DE01", "currency": "EUR", "owner": "AR", "why": "", **more}
    return Finding(risk=risk, subject=subject, exposure=exposure, **fields)  # type: ignore[arg-type]


def test_what_is_gone_new_more_and_less_is_said_in_money_and_in_each_currency():
    before = [
        finding(Risk.UNDERBILLED, "charge/billing/A", 2_00),
        finding(Risk.UNDERBILLED, "charge/billing/B", 500_00),
        finding(Risk.OVERBILLED, "charge/billing/C", 40_00),
        finding(Risk.UNAPPLIED_CASH, "payment/psp/D", 900, currency="JPY"),
    ]
    after = [
        finding(Risk.UNDERBILLED, "charge/billing/B", 450_00),
        finding(Risk.OVERBILLED, "charge/billing/C", 41_00),
        finding(Risk.UNAPPLIED_CASH, "payment/psp/D", 900, currency="JPY", owner="cash Tokyo"),
        finding(Risk.PERIOD_CUTOFF, "invoice/billing/E", 10_00),
    ]
    found = what_if(before, after)
    assert [str(change) for change in found.changes] == [
        "underbilled charge/billing/B: less, 50.00 EUR",
        "period_cutoff invoice/billing/E: new, 10.00 EUR",
        "underbilled charge/billing/A: gone, 2.00 EUR",
        "overbilled charge/billing/C: more, 1.00 EUR",
        "unapplied_cash payment/psp/D: now cash Tokyo's, was AR's",
    ]
    assert [str(total) for total in found.totals] == [
        "leakage: 450.00 EUR, was 502.00",
        "stuck: 900 JPY, as before",
        "overstatement: 41.00 EUR, was 40.00",
        "difference: 10.00 EUR, was 0.00",
    ]
    assert sum(c.exposure for c in found.changes if c.finding.currency == "EUR") == 501_00 - 542_00
