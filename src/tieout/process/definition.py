"""How a flow is declared: a class whose body finance can read.

    class OrderToBill(Flow):
        '''From an accepted order to a posted receivable: nothing fulfilled stays unbilled.'''

        order    = anchor(Order)
        charges  = related(Charge, "order")                               # charges whose `order` leads to the anchor
        invoices = related(Invoice, "lines.charge.order", views=True)     # by line; and their views in other systems
        contract = related(order.contract)                                # the document that the anchor's field names
        accepted = milestone(order.accepted_at, owner="sales-ops")
        invoiced = milestone(earliest(invoices.issued_at), after=accepted, within="2 business days")
        money    = control(judge_order, Risk.UNBILLED_SERVICE, ...)
        strays   = unclaimed(invoices, judge_unclaimed)

Everything is checked when the class is made: misspelt fields, paths that lead nowhere, steps that wait for a later
one. The same declaration gives the evaluation (`evaluate`), the relational plan (`setwise`) and the description
(`describe`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from tieout.canon import references
from tieout.canon.documents import Document
from tieout.canon.faults import FlowFault
from tieout.canon.finding import Risk
from tieout.policy import Duration

from .expressions import Condition, Documents, Field, Value
from .instance import Instance
from .quiet import Quiet

if TYPE_CHECKING:
    from tieout.policy import Policy

    from .verdict import Outcome

Judge = Callable[["Instance", "Policy", dt.date, "Outcome"], None]
"""A control: what it finds about the instance on the day goes into the outcome."""

SOURCES: dict[str, str] = {
    "quote": "crm", "contract": "crm", "order": "crm", "amendment": "crm", "renewal": "crm", "customer": "crm",
    "charge": "billing", "commitment": "billing", "subscription": "billing", "invoice": "billing",
    "credit_memo": "billing", "entitlement": "provisioning", "usage": "provisioning", "project": "psa",
    "time_entry": "psa", "shipment": "commerce", "tax_answer": "tax", "payment": "payments", "refund": "payments",
    "dispute": "payments", "payout": "payments", "bank_line": "bank", "cash_application": "erp", "deposit": "erp",
    "write_off": "erp", "withholding_certificate": "erp", "revenue_schedule": "erp", "purchase_order": "crm",
}  # fmt: skip
"""Role of the system that holds a type of document, where a relation does not say otherwise (`source=`)."""


class Anchor(Documents):
    """The document that an instance is about."""

    def __init__(self, type_: type[Document], equal: dict[str, Any], originals: bool, roles: tuple[str, ...]) -> None:
        super().__init__(type_, equal=equal)
        self._originals, self._roles = originals, roles


class Related(Documents):
    """Documents that belong to an instance: by paths from them, or named by a field of documents already related."""

    def __init__(
        self, type_: type[Document], *, paths: tuple[str, ...], of: Documents | None, named_by: tuple[Field, ...],
        views: bool, source: str, seldom: bool, equal: dict[str, Any],
    ) -> None:  # fmt: skip
        super().__init__(type_, equal=equal)
        self._paths, self._of, self._named_by, self._views = paths, of, named_by, views
        self._seldom = seldom
        self._source = source or SOURCES.get(str(type_.__struct_config__.tag), "")


def anchor(type_: type[Document], *, originals: bool = True, roles: tuple[str, ...] = (), **equal: Any) -> Anchor:
    """The anchor's type. ``originals``: only documents that mirror none; ``roles``: only of systems with these roles;
    further keywords: only where the fields have these values.
    """
    return Anchor(type_, equal, originals, roles)


def related(
    what: type[Document] | Field, *paths: str | Field, of: Documents | None = None, views: bool = False, source: str = "",
    seldom: bool = False, **equal: Any,
) -> Related:  # fmt: skip
    """Documents that belong to an instance.

    ``related(Invoice, "lines.charge.order", "subscription.order")``: those from which one of the paths, reference by
    reference, leads to the anchor (or to a document of the relation ``of``). ``related(order.contract)``: those that a
    field (or one of several) names. With ``views`` the documents that mirror them belong as well. ``source``: the role whose complete
    file proves absence. ``seldom``: most instances are judged without looking at them, so that they need not be read at once.
    """
    named_by = tuple(field for field in (what, *paths) if isinstance(field, Field))
    dotted = tuple(path for path in paths if isinstance(path, str))
    if named_by:
        targets = {references.target(field.documents._type, field.name) for field in named_by}
        if dotted or of is not None or not isinstance(what, Field) or len(targets) > 1:
            raise FlowFault(
                "a relation is found either by fields that name one type or by paths",
                mend='such as related(order.contract) or related(Charge, "order")',
            )
        return Related(
            targets.pop(), paths=(), of=None, named_by=named_by, views=views, source=source, seldom=seldom,
            equal=equal,
        )  # fmt: skip
    assert not isinstance(what, Field)
    if not dotted:
        raise FlowFault(f"related({what.__name__}) says no path", mend=f'such as related({what.__name__}, "order")')
    return Related(what, paths=dotted, of=of, named_by=(), views=views, source=source, seldom=seldom, equal=equal)


class Step:
    """A milestone or gate of a flow."""

    def __init__(
        self, at: Value | None, *, after: tuple[Step, ...], within: str, owner: str, risk: Risk | None,
        exposure: Value | None, when: Condition | None, why: str,
    ) -> None:  # fmt: skip
        self.at, self.after, self.owner, self.risk = at, after, owner, risk
        self.exposure, self.when, self.why = exposure, when, why
        self.within = Duration.parse(within) if within else None
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def is_gate(self) -> bool:
        """Whether it has no time of its own: reached when everything before it is."""
        return self.at is None


def milestone(
    at: Value, *, after: Step | tuple[Step, ...] = (), within: str = "", owner: str = "", risk: Risk | None = None,
    exposure: Value | None = None, when: Condition | None = None, why: str = "",
) -> Step:  # fmt: skip
    """A business state with the time that it was reached.

    ``within`` after the planned time of the steps ``after`` it is due; late, it is a finding of class ``risk`` worth
    ``exposure`` (minor units of the anchor's currency), owned by ``owner``. Where ``when`` is not true the step does
    not apply.
    """
    steps = after if isinstance(after, tuple) else (after,)
    if within and not steps:
        raise FlowFault(f"within={within!r} after nothing", mend="say after=<milestone>")
    return Step(at, after=steps, within=within, owner=owner, risk=risk, exposure=exposure, when=when, why=why)


def gate(*steps: Step, when: Condition | None = None, owner: str = "", why: str = "") -> Step:
    """Open once all of ``steps`` that apply are reached; until then it names those that hold it shut."""
    return Step(None, after=steps, within="", owner=owner, risk=None, exposure=None, when=when, why=why)


class Control:
    """A check that works out money: a pure function and the risk classes that it may report."""

    def __init__(self, judge: Judge, risks: tuple[Risk, ...]) -> None:
        self.judge, self.risks = judge, risks
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


def control(judge: Judge, *risks: Risk) -> Control:
    """Run ``judge`` on every instance; ``risks`` are the classes that it can report."""
    return Control(judge, risks)


class Unclaimed(Control):
    """A control of documents that should belong to an anchor and belong to none."""

    def __init__(
        self, documents: Related, judge: Judge, risks: tuple[Risk, ...], naming: Field | None, equal: dict[str, Any]
    ) -> None:
        super().__init__(judge, risks)
        self.documents, self.naming, self.equal = documents, naming, equal


def unclaimed(documents: Related, judge: Judge, *risks: Risk, naming: Field | None = None, **equal: Any) -> Unclaimed:
    """Run ``judge`` on each document of the relation's type (with these field values) that belongs to no anchor.

    ``naming``: only those in which this field names something, which then is not there.
    """
    return Unclaimed(documents, judge, risks, naming, equal)


class Measured:
    """A number of each instance that the report adds up and spreads out (count, sum, median, 90th percentile)."""

    def __init__(self, value: Value, when: Condition | None) -> None:
        self.value, self.when = value, when
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


def measure(value: Value, *, when: Condition | None = None) -> Measured:
    """Report ``value`` of every instance (where ``when`` holds) as a key figure under the attribute's name."""
    return Measured(value, when)


class Flow:
    """Base of every flow: subclass it and declare anchor, relations, milestones, gates and controls in the body."""

    name: ClassVar[str]
    title: ClassVar[str]
    anchor: ClassVar[Anchor]
    relations: ClassVar[dict[str, Related]]
    steps: ClassVar[tuple[Step, ...]]
    places: ClassVar[tuple[tuple[int, ...], ...]]
    """For each step the places in `steps` of those that it comes after."""
    controls: ClassVar[tuple[Control, ...]]
    strays: ClassVar[tuple[Unclaimed, ...]]
    measures: ClassVar[tuple[Measured, ...]]
    quiet: ClassVar[tuple[Quiet, ...]] = ()
    """Shapes of instances that can be judged all at once; declared as ``quiet = (…)``."""

    def __init_subclass__(cls) -> None:
        body = vars(cls)
        cls.name = body.get("name") or _snake(cls.__name__)
        cls.title = (cls.__doc__ or "").strip().split("\n")[0]
        anchors = [v for v in body.values() if isinstance(v, Anchor)]
        if len(anchors) != 1:
            raise FlowFault(f"flow {cls.__name__} has {len(anchors)} anchors", mend="declare exactly one anchor(Type)")
        cls.anchor = anchors[0]
        cls.relations = {k: v for k, v in body.items() if isinstance(v, Related)}
        cls.steps = tuple(v for v in body.values() if isinstance(v, Step))
        cls.controls = tuple(v for v in body.values() if isinstance(v, Control) and not isinstance(v, Unclaimed))
        cls.measures = tuple(v for v in body.values() if isinstance(v, Measured))
        cls.strays = tuple(v for v in body.values() if isinstance(v, Unclaimed))
        _check_relations(cls)
        _check_steps(cls)
        place = {id(step): i for i, step in enumerate(cls.steps)}
        cls.places = tuple(tuple(place[id(before)] for before in step.after) for step in cls.steps)


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


def _check_relations(cls: type[Flow]) -> None:
    known: list[Documents] = [cls.anchor]
    for name, relation in cls.relations.items():
        where = f"{cls.__name__}.{name}"
        if relation._named_by:
            if any(field.documents not in known for field in relation._named_by):
                raise FlowFault("its field is of a relation declared later", where=where, mend="declare that one first")
        else:
            target = relation._of if relation._of is not None else cls.anchor
            if target not in known:
                raise FlowFault("`of` names a relation declared later", where=where, mend="declare that one first")
            for path in relation._paths:
                reached = references.walk(relation._type, path, where=where)
                if reached is not target._type:
                    raise FlowFault(
                        f"path {path!r} leads to {reached.__name__}, not to {target._type.__name__}", where=where,
                        mend="end it on the reference to that type",
                    )  # fmt: skip
        known.append(relation)
    for stray in cls.strays:
        if stray.naming is not None and stray.naming.documents is not stray.documents:
            raise FlowFault(
                f"`naming` is a field of {stray.naming.documents.phrase()}, not of {stray.documents.phrase()}",
                where=f"{cls.__name__}.{stray.name}", mend="name a field of the unclaimed documents themselves",
            )  # fmt: skip


def _check_steps(cls: type[Flow]) -> None:
    seen: set[int] = set()
    for step in cls.steps:
        for before in step.after:
            if id(before) not in seen:
                raise FlowFault(
                    f"step {step.name!r} waits for a step that is declared later or elsewhere",
                    where=cls.__name__, mend="declare steps in the order in which they happen",
                )  # fmt: skip
        seen.add(id(step))
