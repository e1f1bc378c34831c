"""The words and the number formats that every form of the report shares."""

from __future__ import annotations

import datetime as dt

from tieout.canon.finding import OWN, RISKS, Group, Risk

MONEY_GROUPS = (Group.LEAKAGE, Group.STUCK, Group.OVERSTATEMENT, Group.FUTURE)
"""The four totals, in the order in which they are shown. They are never added together."""

MEANING: dict[Group, str] = {
    Group.LEAKAGE: "Delivered to a customer, and not charged or charged below what was agreed. Net of tax.",
    Group.STUCK: "Charged or received, and held up before it reached the ledger or the invoice that it pays.",
    Group.OVERSTATEMENT: "Charged or credited beyond what was agreed. Never set against leakage, nor one customer's "
    "against another's.",
    Group.FUTURE: "Committed revenue that ends unless a renewal step that is already late is taken. Nothing of it is "
    "lost yet.",
    Group.OVERLAY: "Adds no money: points at the documents that it holds up.",
    Group.DIFFERENCE: "Only its own difference, on money that is otherwise in order. In none of the four totals.",
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def spoken(name: str) -> str:
    """A name of ours as words: ``order_to_bill`` as ``order to bill``."""
    return name.replace("_", " ")


def sentence_case(text: str) -> str:
    """The first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def day_text(day: dt.date | None) -> str:
    """``30 Jun 2026``, in every locale; a dash where there is no day."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "–"


def risk_title(risk: Risk) -> str:
    """``Unbilled service``; classes of flows of one's own say so."""
    if risk in OWN:
        return f"Own flow: {RISKS[risk].group.value}"
    return risk.value.replace("_", " ").capitalize()


def group_title(group: Group) -> str:
    """``Future at risk``; the two kinds outside the totals in the plural."""
    plural = {Group.OVERLAY: "Overlays", Group.DIFFERENCE: "Differences"}
    return plural.get(group, group.value.capitalize())


def hours_text(hours: float | None) -> str:
    """A duration as people say it: ``25 min``, ``4.2 h``, ``12 d``; a dash for None."""
    if hours is None:
        return "–"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    if hours < 48:
        return f"{hours:.1f} h"
    days = hours / 24
    return f"{days:.1f} d" if days < 10 else f"{days:,.0f} d"


def plural(count: int, noun: str) -> str:
    """``1 finding``, ``1,204 findings``; ``entity`` becomes ``entities``."""
    if count == 1:
        return f"1 {noun}"
    many = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeou" else f"{noun}s"
    return f"{count:,} {many}"


def share_text(part: int, whole: int) -> str:
    """``4.85 %`` of ``whole``; nothing where there is no whole."""
    return f"{abs(part) * 100 / abs(whole):.2f} %" if whole else ""
