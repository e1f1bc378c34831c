"""A group of three companies with everything in it that a report can show, built by hand and the same on every run."""

from __future__ import annotations

import datetime as dt
import random
from fractions import Fraction

import pytest

from tieout.audit.result import (
    CYCLE_BANDS,
    AuditResult,
    BridgeLine,
    BridgeRow,
    Cause,
    CycleTime,
    Edge,
    FileQuality,
    FxUsed,
    Kpi,
    Milestone,
    Rejection,
)
from tieout.canon.finding import RISKS, Finding, Group, Risk
from tieout.canon.money import convert
from tieout.process.verdict import Unknown

AS_OF = dt.date(2026, 6, 30)
RATES = {"EUR": Fraction(1), "USD": Fraction(92, 100), "JPY": Fraction(58, 10000), "KWD": Fraction(301, 100)}
PLACES = (("DE01", "EUR"), ("DE01", "EUR"), ("US01", "USD"), ("US01", "KWD"), ("JP01", "JPY"))
CUSTOMERS = (
    "Ostrava Cloud s.r.o.", "Brightline Health", "Meridian Freight", "Kestrel Labs", "Arden Foods", "Polder Energy",
    "Halcyon Retail", "Novak & Sons", "Sundial Media", "Ionia Labs", "Vega Logistics", "Tarn Analytics",
)  # fmt: skip
SUBJECTS = {
    Risk.UNAUTHORISED_SERVICE: (
        "entitlement/prov",
        "Service of {c} runs since the contract ended and nobody renewed it",
    ),
    Risk.MISSED_UPSELL: ("amendment/crm", "{c} upgraded from 500 to 800 seats; billing still charges 500"),
    Risk.UNBILLED_USAGE: ("charge/billing", "1.2 million calls of {c} metered in May, none of them invoiced"),
    Risk.UNBILLED_SERVICE: ("charge/billing", "{c} is live since the activation and has no invoice for the period"),
    Risk.UNDERBILLED: ("charge/billing", "{c} was invoiced at last year's price"),
    Risk.UNPOSTED_INVOICE: ("invoice/billing", "The ERP refused the invoice of {c}: item code SKU-4410-A ended 30 Jun"),
    Risk.MISPOSTED_INVOICE: ("invoice/billing", "Posted for {c} with another tax amount than issued"),
    Risk.UNRECORDED_CASH: ("payment/psp", "{c} paid by card; the ERP has no receipt"),
    Risk.SHORT_SETTLEMENT: ("payout/psp", "The payout is short of its charges less fees and refunds"),
    Risk.UNAPPLIED_CASH: ("payment/erp", "{c} paid, and two invoices fit: nobody chose"),
    Risk.DUPLICATE_DOCUMENT: ("invoice/billing", "A second invoice of {c} for the same charge and month"),
    Risk.UNSUPPORTED_DOCUMENT: ("invoice/erp", "An invoice to {c} that no order asks for"),
    Risk.UNENTITLED_BILLING: ("charge/billing", "{c} is charged for a service that was never activated"),
    Risk.CREDIT_LEAKAGE: ("credit_memo/billing", "A goodwill credit to {c} that nobody approved"),
    Risk.OVERBILLED: ("charge/billing", "{c} was charged for 120 seats, contracted are 100"),
    Risk.MISSED_RENEWAL: ("contract/crm", "The contract of {c} reached its notice date without a quote"),
    Risk.MASTER_DATA_GAP: ("crosswalk/item", "No ERP item for the product SKU-4410-A on 30 Jun"),
    Risk.OWNERSHIP_CONFLICT: ("contract/billing", "Billing has another term for {c} than the CRM, which owns it"),
    Risk.BLOCKED_RENEWAL: ("contract/crm", "End dates of {c} differ: CRM 31 Dec, billing 30 Nov"),
    Risk.IN_DOUBT: ("invoice/erp", "The ERP timed out after the commit; the outcome is unknown"),
    Risk.STREAM_SILENT: ("stream/psp", "The payments stream is silent since Friday"),
    Risk.TAX_MISMATCH: ("invoice/billing", "Tax on the invoice of {c} differs from the tax answer"),
    Risk.CURRENCY_MISMATCH: ("invoice/billing", "{c} was invoiced in another currency than contracted"),
    Risk.PERIOD_CUTOFF: ("invoice/billing", "Issued to {c} in May, posted in June while May was open"),
    Risk.SCHEDULE_MISMATCH: ("revenue_schedule/erp", "The revenue schedule of {c} runs a month ahead of the service"),
    Risk.OWN_LEAKAGE: ("object/log", "The parcel was sent and the order is not paid"),
    Risk.OWN_STUCK: ("object/log", "Confirmed, and no parcel was made up"),
    Risk.OWN_OVERSTATEMENT: ("object/log", "Paid twice by {c}"),
    Risk.OWN_FUTURE: ("object/log", "The yearly order of {c} has not been placed again"),
}


def findings(number: int, chance: random.Random) -> tuple[Finding, ...]:
    """Findings of every class in turn, dearest first."""
    made = []
    for index in range(number):
        risk = list(Risk)[index % len(Risk)]
        entity, currency = PLACES[chance.randrange(len(PLACES))]
        customer = CUSTOMERS[chance.randrange(len(CUSTOMERS))]
        stem, why = SUBJECTS[risk]
        scale = {"EUR": 1, "USD": 1, "JPY": 2, "KWD": 4}[currency]
        exposure = (
            0
            if RISKS[risk].group is Group.OVERLAY
            else int(900 + min(chance.paretovariate(0.9), chance.uniform(60, 120)) * 90_000) * scale
        )
        subject = f"{stem}/{risk.value[:3].upper()}-{10200 + index}"
        cause = {Risk.UNPOSTED_INVOICE: "item/SKU-4410-A", Risk.MISSED_UPSELL: "catalogue/seats"}.get(risk, risk.value)
        made.append(
            Finding(
                risk=risk, subject=subject, entity=entity, currency=currency, exposure=exposure,
                period=f"2026-0{1 + index % 6}" if stem.startswith("charge") else "", customer=customer,
                tax=exposure * 19 // 100 if risk is Risk.UNPOSTED_INVOICE and currency == "EUR" else 0,
                owner=RISKS[risk].owner, since=AS_OF - dt.timedelta(days=int(chance.expovariate(1 / 34))),
                documents=(subject, f"order/crm/SO-{7000 + index}", f"invoice/erp/ERP-{5000 + index}"),
                holds=("invoice/billing/INV-1", "invoice/billing/INV-2") if risk is Risk.MASTER_DATA_GAP else (),
                why=why.format(c=customer), variant="past end" if risk is Risk.UNAUTHORISED_SERVICE else "",
                amounts={"billing_delayed": exposure * 2} if risk is Risk.UNBILLED_SERVICE else {}, cause=cause,
            )
        )  # fmt: skip
    return tuple(sorted(made, key=lambda f: (-convert(f.exposure, f.currency, "EUR", RATES[f.currency]), f.subject)))


def _sentence_case(text: str) -> str:
    return text[0].upper() + text[1:]


def _causes(found: tuple[Finding, ...], exposures: dict[str, int]) -> tuple[Cause, ...]:
    titles = {
        "item/SKU-4410-A": "Item code SKU-4410-A ended 30 Jun",
        "catalogue/seats": "Seat upgrades never reach billing",
    }
    grouped: dict[str, list[Finding]] = {}
    for finding in found:
        grouped.setdefault(finding.cause, []).append(finding)
    made = [
        Cause(
            key=key, title=titles.get(key, _sentence_case(RISKS[items[0].risk].meaning)), owner=items[0].owner,
            risk=items[0].risk.value, findings=len(items),
            exposure_base=sum(exposures["|".join(item.identity)] for item in items),
        )
        for key, items in grouped.items()
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda cause: (-cause.exposure_base, cause.key)))


ROWS = (
    ("R1", "Contracted → fulfilled", "Contracted", "Fulfilled", (("not yet fulfilled", -0.31), ("terminated", -0.012))),
    ("R2", "Fulfilled → billed", "Fulfilled", "Billed", (
        ("in advance", 0.22), ("prior service billed now", 0.05), ("overbilled", 0.011), ("duplicate", 0.004),
        ("not due", -0.16), ("late: unbilled_service", -0.052), ("late: missed_upsell", -0.021), ("concessions", -0.008),
        ("lost", -0.001))),
    ("R3", "Billed → posted", "Billed", "Posted", (("tax", 0.19), ("rounding", 0.00001), ("unposted", -0.064),
                                                   ("cut-off", 0.013))),
    ("R4", "Receivables", "Opening AR + posted", "Closing AR", (
        ("applied", -0.71), ("withholding", -0.01), ("discount", -0.006), ("bank charge", -0.0004), ("write-off", -0.002),
        ("refund", 0.004), ("chargeback", 0.002))),
    ("R5", "Collected → applied", "Collected", "Applied", (
        ("opening unapplied", 0.04), ("closing unidentified", -0.02), ("on account", -0.03), ("deposits", -0.012))),
    ("R6", "Collected → banked", "Collected", "Banked", (
        ("fees", -0.018), ("refunds", -0.006), ("disputes", -0.003), ("in transit", -0.042))),
    ("R7", "Fulfilled → recognised", "Fulfilled", "Recognised", (("allocation", 0.006), ("ramp", -0.013))),
)  # fmt: skip


def bridge() -> tuple[BridgeRow, ...]:
    """R1 to R7 of four entity and currency pairs; one residual, one row without source totals."""
    made = []
    for entity, currency, start in (
        ("DE01", "EUR", 248_193_014), ("US01", "USD", 191_204_550), ("US01", "KWD", 88_120_125), ("JP01", "JPY", 310_402_000),
    ):  # fmt: skip
        for number, (row, title, from_name, to_name, shares) in enumerate(ROWS):
            amounts = [(name, int(start * share)) for name, share in shares]
            residual = -41_219 if (entity, row) == ("US01", "R3") and currency == "USD" else 0
            lines = tuple(
                BridgeLine(
                    name=name, amount=amount, count=max(1, abs(amount) // 400_000), functional=amount if row == "R4" else None,
                    documents=tuple((f"invoice/erp/INV-{entity}-{row}-{i}", amount // (i + 2)) for i in range(4)),
                )
                for name, amount in amounts
            )  # fmt: skip
            made.append(
                BridgeRow(
                    row=row, title=title, entity=entity, currency=currency, period="2026-06", from_name=from_name,
                    from_total=start, from_tied=row not in ("R1", "R2", "R7"), to_name=to_name, lines=lines,
                    to_total=start + sum(a for _, a in amounts) + residual, to_tied=row not in ("R1", "R7"),
                    unexplained=residual, functional_currency="EUR" if row == "R4" and currency == "EUR" else "",
                    completeness=("billing register 412.19 above the sum of its documents",) if residual else (),
                )
            )  # fmt: skip
            start = made[-1].to_total if number < 2 else start
    return tuple(made)


STEPS = {
    "order_to_bill": ("accepted", "contract_valid", "tax_determinable", "provisioned", "usage_plan_active", "billable",
                      "invoiced", "issued", "cleared", "delivered", "posted"),
    "payment_to_cash": ("authorised", "captured", "settled", "banked", "recorded", "identified", "applied"),
    "renewal": ("window_open", "opportunity", "quoted", "agreed", "contract_extended", "first_invoice"),
}  # fmt: skip
LINKS = {
    "order_to_bill": ("accepted>contract_valid", "accepted>tax_determinable", "accepted>provisioned",
                      "accepted>usage_plan_active", "contract_valid>billable", "tax_determinable>billable",
                      "provisioned>billable", "usage_plan_active>billable", "billable>invoiced", "invoiced>issued",
                      "issued>cleared", "issued>posted", "cleared>delivered"),
    "payment_to_cash": ("authorised>captured", "captured>settled", "settled>banked", "captured>recorded",
                        "banked>recorded", "recorded>identified", "identified>applied"),
    "renewal": ("window_open>opportunity", "opportunity>quoted", "quoted>agreed", "agreed>contract_extended",
                "window_open>contract_extended", "contract_extended>first_invoice"),
}  # fmt: skip


def process(chance: random.Random) -> tuple[tuple[Milestone, ...], tuple[Edge, ...]]:
    """The process maps of three flows."""
    milestones, edges = [], []
    for flow, names in STEPS.items():
        reached = 1840
        for name in names:
            late = chance.choice((0, 0, 3, 37, 112))
            milestones.append(Milestone(flow=flow, name=name, reached=reached, due=reached + late, late=late,
                                        unknown=chance.choice((0, 0, 12))))  # fmt: skip
            reached -= late + chance.randrange(8)
        for link in LINKS[flow]:
            source, target = link.split(">")
            edges.append(Edge(flow=flow, source=source, target=target, count=chance.randrange(900, 1800),
                              median_hours=chance.choice((0.2, 3.4, 26.0, 74.5, 260.0)), late=chance.choice((0, 0, 4, 61))))  # fmt: skip
    return tuple(milestones), tuple(edges)


def build(number: int = 300, **changes: object) -> AuditResult:
    """The whole result with ``number`` findings; ``changes`` replace fields."""
    chance = random.Random(7)
    found = findings(number, chance)
    exposures = {"|".join(f.identity): convert(f.exposure, f.currency, "EUR", RATES[f.currency]) for f in found}
    totals: dict[str, int] = {}
    for finding in found:
        if finding.group not in (Group.OVERLAY, Group.DIFFERENCE):
            totals[finding.group.value] = totals.get(finding.group.value, 0) + exposures["|".join(finding.identity)]
    milestones, edges = process(chance)
    fields: dict[str, object] = {
        "as_of": AS_OF, "base_currency": "EUR", "company": "Acme Group", "entities": ("DE01", "US01", "JP01"),
        "entity_names": {"DE01": "Acme GmbH", "US01": "Acme Inc.", "JP01": "Acme K.K."},
        "flows": tuple(STEPS), "findings": found, "base_exposure": exposures, "totals": totals,
        "causes": _causes(found, exposures), "bridge": bridge(), "milestones": milestones, "edges": edges,
        "kpis": (
            Kpi(name="Billed within SLA", value="96.4 %", detail="of charges due in the period, by value; goal 98 %",
                parts={"due": "2,481,930.14", "late and open": "89,350.02"}),
            Kpi(name="Invoice cycle time", value="1.4 d", detail="median, bill trigger to issue; p90 6.2 d"),
            Kpi(name="First-pass post rate", value="97.1 %", detail="invoices that the ERP took at once"),
            Kpi(name="Unapplied cash > 30 d", value="96,240.00", detail="from the bank's value date", parts={"payments": "88"}),
            Kpi(name="Renewals on time", value="81 %", detail="of terms that ended in the period, by ending value"),
            Kpi(name="Credit memo rate", value="1.9 %", detail="of billed net; credit and rebill pairs apart"),
        ),
        "cycle_times": tuple(
            CycleTime(flow=flow, name=name, p50_hours=p50, p90_hours=p90,
                      done=tuple(chance.randrange(3, 700 // (1 + abs(i - 2))) for i in range(len(CYCLE_BANDS))),
                      waiting=tuple(chance.randrange(0, 60) for _ in CYCLE_BANDS))
            for flow, name, p50, p90 in (
                ("order_to_bill", "bill trigger → issued", 33.0, 148.0), ("order_to_bill", "issued → posted", 0.4, 5.2),
                ("payment_to_cash", "banked → applied", 51.0, 500.0))
        ),
        "files": tuple(
            FileQuality(path=f"{system}/{kind}s.csv", system=system, type=kind, rows=rows, accepted=rows - bad, rejected=bad,
                        unjoined=bad // 2, totals={"net EUR": "2481930.14", "net JPY": "310402000"}, sha256="9f86d081884c7d65" * 4,
                        bytes=rows * 212)
            for system, kind, rows, bad in (
                ("crm", "order", 1840, 0), ("billing", "invoice", 22110, 14), ("erp", "invoice", 21980, 0),
                ("psp", "payment", 19004, 3), ("bank", "bank_line", 9120, 0))
        ),
        "rejections": (*(
            Rejection(path="billing/invoices.csv", line=1000 + i, field="net", what="'1.234,50' is not an amount",
                      mend="set decimal = \",\" for this file") for i in range(14)
        ), Rejection(path="psp/payments.csv", line=77, field="currency", what="unknown currency 'EURO'",
                       mend="did you mean 'EUR'?")),
        "unknown": (*(
            Unknown(what="bank lines are complete only to 31 May 2026", document=f"payout/psp/PO-{i}", entity="US01",
                    currency="USD", amount=120_000 + i) for i in range(23)
        ), Unknown(what="no file of shipments", document="order/crm/SO-7123", entity="JP01", currency="JPY", amount=450_000)),
        "fx": (
            FxUsed(currency="JPY", rate="0.0058", on=AS_OF, source="ECB"),
            FxUsed(currency="KWD", rate="3.01", on=AS_OF, source="CBK"),
            FxUsed(currency="USD", rate="0.92", on=AS_OF, source="ECB"),
        ),
        "instances": 12_408, "seconds": 4.2,
        "notes": ("R7 of JP01 is not tied to a source total: the ERP's revenue schedules are missing.",),
    }  # fmt: skip
    return AuditResult(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def group() -> AuditResult:
    """Three entities, four currencies, every risk class, 300 findings."""
    return build()


@pytest.fixture(scope="session")
def many() -> AuditResult:
    """The same with 2,500 findings."""
    return build(2500)
