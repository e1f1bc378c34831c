"""One order on its way from quote to posted invoice, while it is still a plan.

A scenario makes a `Deal`, adds order lines (`Chain`) to it, amends them, lets `billing` plan the bills, spoils the plan
or not, and hands it to `papers`, which writes the documents of every system. Plans are mutable; documents are not.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import msgspec

from ..canon.documents import Amendment, Charge, Commitment, CreditMemo, Document, Interval, Invoice
from ..canon.finding import Risk
from .arithmetic import ONE_DAY, later
from .catalogue import Item, in_currency
from .customers import Account, enrol
from .world import Pay, World

Fate = Literal["posted", "missing", "refused"]


@dataclass
class Meter:
    """A metered quantity, and when the source learned of it."""

    used_on: dt.date
    quantity: Decimal
    known_on: dt.date


@dataclass
class Work:
    """Hours worked, and when they were approved (None: not yet)."""

    worked_on: dt.date
    hours: Decimal
    approved_on: dt.date | None


@dataclass(eq=False)
class Chain:
    """One order line: its price segments, and what the customer received of it."""

    line: str
    item: Item
    segments: list[Charge]
    entitled: bool = True
    """Whether there is a service to switch on."""
    activated_on: dt.date | None = None
    deactivated_on: dt.date | None = None
    suspended: list[Interval] = field(default_factory=list)
    triggered_on: dt.date | None = None
    """When the goods were shipped or the milestone approved."""
    usage: list[Meter] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    commitment: Commitment | None = None
    scheduled: bool = False
    """Whether the ERP keeps a revenue schedule for it."""
    schedule_errors: dict[int, int] = field(default_factory=dict)
    """By how much which line of the schedule is wrong."""
    no_entitlement: bool = False
    """Provisioning knows nothing of it."""

    @property
    def charge(self) -> Charge:
        """The latest price segment."""
        return self.segments[-1]


@dataclass(eq=False)
class BillLine:
    """A line of a bill: what it charges for which days."""

    charge: Charge
    first: dt.date | None
    last: dt.date | None
    net: int
    quantity: Decimal | None = None
    bill_on: dt.date | None = None
    """When it had to be billed (before the two business days of grace)."""
    period: tuple[dt.date, dt.date] | None = None
    tax: int | None = None
    """None: by the charge's rate."""


@dataclass(eq=False)
class Credit:
    """A credit memo against one bill."""

    id: str
    on: dt.date
    lines: list[BillLine]
    reason: str = "unused"
    cause: str | None = None
    approved_by: str = ""
    draft: bool = False

    @property
    def net(self) -> int:
        """What it takes back, before tax."""
        return sum(line.net for line in self.lines)


@dataclass(eq=False)
class Bill:
    """An invoice of billing, and what became of it in the ERP."""

    id: str
    on: dt.date
    lines: list[BillLine]
    hour: int = 9
    minute: int = 0
    status: str = "issued"
    currency: str | None = None
    replaces: str | None = None
    rounding: int = 0
    credits: list[Credit] = field(default_factory=list)
    pay: Pay = "any"
    terms_days: int = 30
    answered: bool = True
    tax_answer: int | None = None
    """What the tax engine determined, where that is not what was invoiced."""
    fate: Fate = "posted"
    error: str = ""
    posted_after: int = 25
    """Minutes from issue to posting."""
    posted_on: dt.date | None = None
    period: str | None = None
    """The posting period, where it is not the month of issue."""
    erp: dict[str, Any] = field(default_factory=dict)
    """Fields that the ERP's view has otherwise."""
    erp_amounts: tuple[int, int] | None = None
    """Net and tax that the ERP booked for the one line, where they are not those issued."""
    deleted: bool = False
    names: Literal["charge", "line", "nothing", "unknown"] = "charge"
    """What its lines name: the charge, only order and line, nothing, or an order that does not exist."""
    written: Invoice | None = None
    written_erp: Invoice | None = None
    written_credits: list[CreditMemo] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Key of billing's document."""
        return f"invoice/billing/{self.id}"

    @property
    def ref(self) -> str:
        """Reference of billing's document."""
        return f"billing/{self.id}"

    @property
    def net(self) -> int:
        """Sum of the lines before tax."""
        return sum(line.net for line in self.lines)


@dataclass
class Terms:
    """The contract behind an order."""

    start_on: dt.date
    end_on: dt.date | None
    signed_on: dt.date | None
    auto_renew: bool = False
    notice_days: int = 30
    renewal_months: int | None = None
    terminated_on: dt.date | None = None
    status: str = "active"
    in_erp: bool = False
    """Whether the ERP has a view of it."""


class Deal:
    """One order of one customer, planned."""

    def __init__(
        self,
        world: World,
        name: str,
        *,
        market: str | None = None,
        account: Account | None = None,
        start: dt.date | None = None,
        channel: str = "sales",
        lean: random.Random | None = None,
    ) -> None:
        """``name`` names its random stream; without a market one is drawn; ``start`` is the first day of service.

        A lean deal draws from the stream that it is given, and leaves only the documents that carry the money.
        """
        self.world = world
        self.stem = world.id("SO")[3:]
        self.lean = lean is not None
        self.rng = rng = lean or world.rng(f"deal/{name}/{self.stem}")
        if account is None:
            drawn = rng.choices(("DE", "FR", "AT", "KW", "US", "TX", "JP"), (9, 3, 1, 3, 6, 3, 6))[0]
            account = enrol(world, market or drawn, po_required=channel == "sales" and rng.random() < 0.15)
        self.account = account
        self.entity = world.entities[account.entity]
        self.currency = account.currency
        self.start = start or world.start + dt.timedelta(days=rng.randrange(8, 330))
        self.accepted_on = self.start - dt.timedelta(days=rng.randrange(0, 6))
        self.channel = channel
        self.status = "accepted"
        self.tax, self.tax_rate = account.tax, account.tax_rate
        self.terms: Terms | None = None
        self.chains: list[Chain] = []
        self.amendments: list[Amendment] = []
        self.bills: list[Bill] = []
        self.extra: list[Document] = []
        """Documents that the scenario writes itself."""
        self.subscription: dict[str, Any] = {}
        """Fields in which billing's subscription differs from the contract."""
        self.erp_contract: dict[str, Any] = {}
        """Fields in which the ERP's view of the contract differs."""
        self.misstated_delta = 0
        """By how much the CRM's amendments overstate what they change."""
        self.renewal: dict[str, Any] | None = None
        self.renewal_left_to_chance = True
        self._bills = self._charges = self._credits = 0

    # --- who it is -----------------------------------------------------------------------------------------------

    @property
    def order(self) -> str:
        """Reference of the order."""
        return f"{'commerce' if self.channel == 'commerce' else 'crm'}/SO-{self.stem}"

    @property
    def contract(self) -> str | None:
        """Reference of the contract, if there is one."""
        return f"crm/CT-{self.stem}" if self.terms else None

    @property
    def contract_key(self) -> str:
        """Key of the contract."""
        return f"contract/crm/CT-{self.stem}"

    def entitlement_key(self, chain: Chain) -> str:
        """Key of the entitlement of an order line."""
        return f"entitlement/provisioning/EN-{self.stem}-{chain.line}"

    def at(self, day: dt.date, first: int = 8, last: int = 18) -> dt.datetime:
        """Some instant of the local day, between those hours."""
        return self.entity.at(day, self.rng.randrange(first, last), self.rng.randrange(60))

    @property
    def as_of(self) -> dt.date:
        """The last day that anything is known of."""
        return self.world.as_of

    # --- what is sold --------------------------------------------------------------------------------------------

    def sign(self, months: int | None = 12, **terms: Any) -> Terms:
        """Put a contract behind the order: so many months from the start, or evergreen."""
        end = later(self.start, months) - ONE_DAY if months else None
        signed = min(self.accepted_on, self.start)
        self.terms = Terms(self.start, end, signed, **({"in_erp": self.rng.random() < 0.3} | terms))
        return self.terms

    def price(self, item: Item, percent: int | None = None) -> Decimal:
        """The item's price in the deal's currency as it was haggled for (or at ``percent`` of the list)."""
        euros = Decimal(item.euros) * (percent or self.rng.randrange(85, 131)) / 100
        return in_currency(euros, self.currency, 2 if item.kind == "usage" else 0)

    def new_charge(self, line: str, item: Item, **fields: Any) -> Charge:
        """A price segment with the deal's references, tax and term."""
        self._charges += 1
        defaults: dict[str, Any] = {
            "start_on": self.start,
            "end_on": self.terms.end_on if self.terms else None,
            "tax_behaviour": self.tax,
            "tax_rate": self.tax_rate if self.tax in ("exclusive", "inclusive") else Decimal(0),
            "performing_entity": self.entity.code,
            "known_at": self.entity.at(self.accepted_on, 18),
        }
        kind = fields.get("kind", "recurring")
        if kind in ("recurring", "usage", "commitment") and not self.lean:
            defaults["subscription"] = f"billing/SUB-{self.stem}"
        return Charge(
            system="billing", id=f"CH-{self.stem}-{self._charges}", entity=self.entity.code, currency=self.currency,
            order=self.order, line=line, contract=self.contract, product=item.ref,
            **(defaults | fields),
        )  # fmt: skip

    def add(self, item: Item, price: Decimal, *, activated: int | None = 0, line: str = "", **fields: Any) -> Chain:
        """An order line with its first segment; ``activated`` days after its start the service is on (None: never)."""
        line = line or str(len({chain.line for chain in self.chains}) + 1)
        charge = self.new_charge(line, item, unit_price=price, **fields)
        chain = Chain(line, item, [charge])
        chain.entitled = charge.kind in ("recurring", "usage")
        if charge.kind in ("recurring", "usage", "commitment") and activated is not None:
            on = charge.start_on + dt.timedelta(days=activated)
            chain.activated_on = on if on <= self.as_of else None
        self.chains.append(chain)
        return chain

    def follow_on(self, chain: Chain, start_on: dt.date, **changes: Any) -> Charge:
        """A further price segment of the line that takes over on ``start_on``."""
        self._charges += 1
        before = chain.charge
        segment = msgspec.structs.replace(
            before, id=f"CH-{self.stem}-{self._charges}", start_on=start_on, replaces=before.ref,
            **({"amendment": None, "price_reason": ""} | changes),
        )  # fmt: skip
        chain.segments.append(segment)
        return segment

    def amend(self, kind: str, effective_on: dt.date, accepted_on: dt.date) -> Amendment:
        """An accepted change; the price segments that it makes are told so (`change`, or `add` with ``amendment``)."""
        amendment = Amendment(
            system="crm", id=f"AM-{self.stem}-{len(self.amendments) + 1}", entity=self.entity.code,
            currency=self.currency, order=self.order, contract=self.contract, customer=self.account.crm,
            kind=kind, accepted_at=self.at(accepted_on), effective_on=effective_on,  # type: ignore[arg-type]
        )  # fmt: skip
        self.amendments.append(amendment)
        return amendment

    def change(self, chain: Chain, amendment: Amendment, start_on: dt.date | None = None, **changes: Any) -> Charge:
        """The segment that an amendment makes of a line, from its effective day (or ``start_on``) on."""
        return self.follow_on(
            chain,
            start_on or amendment.effective_on,
            amendment=amendment.ref,
            known_at=amendment.accepted_at,
            **changes,
        )

    def end_with(self, end_on: dt.date) -> None:
        """Contract and lines, as sold, end on that day."""
        if self.terms:
            self.terms.end_on = end_on
        for chain in self.chains:
            chain.segments[-1] = msgspec.structs.replace(chain.charge, end_on=end_on)

    def switch_off(self, last: dt.date) -> None:
        """Everything is switched off at the end of that day."""
        for chain in self.chains:
            if chain.activated_on and chain.deactivated_on is None:
                chain.deactivated_on = last

    # --- what is billed ------------------------------------------------------------------------------------------

    def bill(self, on: dt.date, lines: list[BillLine], **fields: Any) -> Bill:
        """One more invoice."""
        self._bills += 1
        hour, minute = self.rng.randrange(1, 22), self.rng.randrange(60)
        bill = Bill(f"INV-{self.stem}-{self._bills}", on, lines, hour=hour, minute=minute, **fields)
        bill.posted_after = self.rng.randrange(4, 200)
        self.bills.append(bill)
        return bill

    def posted_at(self, bill: Bill) -> dt.datetime:
        """When the ERP booked a bill, or was to book it."""
        if bill.posted_on and bill.posted_on > bill.on:
            return self.entity.at(bill.posted_on, 11, bill.minute)
        return self.entity.at(bill.on, bill.hour, bill.minute) + dt.timedelta(minutes=bill.posted_after)

    def posted_day(self, bill: Bill) -> dt.date:
        """The local day of it."""
        return self.entity.day(self.posted_at(bill))

    def credit(self, bill: Bill, on: dt.date, lines: list[BillLine], **fields: Any) -> Credit:
        """A credit memo against one of the bills."""
        self._credits += 1
        credit = Credit(f"CM-{self.stem}-{self._credits}", on, lines, **fields)
        bill.credits.append(credit)
        return credit

    # --- what was spoilt -----------------------------------------------------------------------------------------

    def leak(self, risk: Risk, subject: str, amount: int, since: dt.date | None, note: str, currency: str = "") -> None:
        """Write the truth of something spoilt here; the cash side then leaves the order alone."""
        self.world.leak(risk, subject, self.entity.code, currency or self.currency, amount, since, note)
        self.world.taken.add(self.order)
