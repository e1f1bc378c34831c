"""Every canonical document type, and the names they go by.

`Document` is the common header; `TYPES` maps the type's name (``invoice``) to its class.
"""

from __future__ import annotations

from .billing import CreditMemo, Invoice, InvoiceLine, TaxAnswer
from .cash import (
    BankLine,
    CashApplication,
    Deposit,
    Dispute,
    Payment,
    Payout,
    Refund,
    WithholdingCertificate,
    WriteOff,
)
from .events import BusinessObject, Event
from .fulfilment import Entitlement, Project, ProjectMilestone, Shipment, Subscription, TimeEntry, Usage
from .header import Document, ExtValue, Interval, Minor, Part, Ref, Tier, split_key, split_ref
from .ledger import (
    AccountingPeriod,
    GlBalance,
    JournalEntry,
    JournalLine,
    Measure,
    RevenueSchedule,
    ScheduleLine,
    SourceTotal,
)
from .master import Customer, Price, Product, SupportCase, TaxRegistration
from .selling import (
    Amendment,
    Charge,
    Commitment,
    Contract,
    Order,
    OrderLine,
    PurchaseOrder,
    Quote,
    QuoteLine,
    Renewal,
)

TYPES: dict[str, type[Document]] = {
    cls.__struct_config__.tag: cls  # type: ignore[misc]
    for cls in (
        AccountingPeriod, Amendment, BankLine, BusinessObject, CashApplication, Charge, Commitment, Contract,
        CreditMemo, Customer, Deposit, Dispute, Entitlement, Event, GlBalance, Invoice, JournalEntry, Order, Payment,
        Payout, Price, Product, Project, PurchaseOrder, Quote, Refund, Renewal, RevenueSchedule, Shipment, SourceTotal,
        Subscription, SupportCase, TaxAnswer, TaxRegistration, TimeEntry, Usage, WithholdingCertificate, WriteOff,
    )
}  # fmt: skip

__all__ = [
    "TYPES", "AccountingPeriod", "Amendment", "BankLine", "BusinessObject", "CashApplication", "Charge", "Commitment",
    "Contract", "CreditMemo", "Customer", "Deposit", "Dispute", "Document", "Entitlement", "Event", "ExtValue", "GlBalance",
    "Interval", "Invoice", "InvoiceLine", "JournalEntry", "JournalLine", "Measure", "Minor", "Order", "OrderLine", "Part", "Payment",
    "Payout", "Price", "Product", "Project", "ProjectMilestone", "PurchaseOrder", "Quote", "QuoteLine", "Ref",
    "Refund", "Renewal", "RevenueSchedule", "ScheduleLine", "Shipment", "SourceTotal", "Subscription", "SupportCase",
    "TaxAnswer", "TaxRegistration", "Tier", "TimeEntry", "Usage", "WithholdingCertificate", "WriteOff", "split_key",
    "split_ref",
]  # fmt: skip
