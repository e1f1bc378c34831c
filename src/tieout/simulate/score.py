"""How well an audit found the truth: recall and precision in money, class by class, and every difference by name."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from ..canon.faults import InputFault
from ..canon.finding import RISKS, Group, Risk

T = TypeVar("T")
Key = tuple[str, str, str]
"""(class, subject, currency); overlays, which carry no money, have no currency."""


class _Entry(msgspec.Struct):
    subject: str
    class_: str = msgspec.field(name="class")
    amount: str = "0"
    currency: str = ""
    note: str = ""


class _Findings(msgspec.Struct):
    as_of: dt.date
    findings: list[_Entry]


class _Truth(msgspec.Struct):
    as_of: dt.date
    leaks: list[_Entry]
    rates: dict[str, str] = {}


class Difference(NamedTuple):
    """One subject on which truth and audit differ; None where one of them does not have it. Major units."""

    risk: str
    subject: str
    currency: str
    true: Decimal | None
    found: Decimal | None
    note: str
    """What the truth says was spoilt."""


class ClassScore(NamedTuple):
    """One risk class: in money of the truth's base currency; overlays in subjects."""

    risk: str
    subjects: int
    true: Decimal
    found: Decimal
    matched: Decimal
    """What both have: of each subject the smaller amount."""

    @property
    def recall(self) -> Decimal:
        """Share of the truth that was found; 1 where there was nothing to find."""
        return self.matched / self.true if self.true else Decimal(1)

    @property
    def precision(self) -> Decimal:
        """Share of what was found that is true; 1 where nothing was found."""
        return self.matched / self.found if self.found else Decimal(1)


class Score(NamedTuple):
    """The whole answer."""

    classes: tuple[ClassScore, ...]
    missing: tuple[Difference, ...]
    surplus: tuple[Difference, ...]
    differing: tuple[Difference, ...]

    @property
    def perfect(self) -> bool:
        """Whether every subject was found, with its amount to the cent, and nothing else."""
        return not (self.missing or self.surplus or self.differing)


def score(findings: Path | str, truth: Path | str) -> Score:
    """Compare what ``tieout audit --json`` wrote with ``truth.json``, by class and subject.

    Several entries of one class and subject add up. Raises `InputFault` for a file that is not what it should be, and
    where the two are as of different days.
    """
    found_file, true_file = _read(findings, _Findings), _read(truth, _Truth)
    if found_file.as_of != true_file.as_of:
        raise InputFault(
            f"the findings are as of {found_file.as_of}, the truth as of {true_file.as_of}",
            where=str(findings),
            mend=f"audit again with --as-of {true_file.as_of}",
        )
    found, true = _sums(found_file.findings), _sums(true_file.leaks)
    notes: dict[Key, str] = {}
    for leak in true_file.leaks:
        notes.setdefault(_key(leak), leak.note)
    differences = [
        Difference(*key, true.get(key), found.get(key), notes.get(key, ""))
        for key in sorted(true.keys() | found.keys())
        if true.get(key) != found.get(key)
    ]
    return Score(
        classes=_by_class(true, found, {code: Decimal(rate) for code, rate in true_file.rates.items()}),
        missing=tuple(d for d in differences if d.found is None),
        surplus=tuple(d for d in differences if d.true is None),
        differing=tuple(d for d in differences if d.found is not None and d.true is not None),
    )


def _read(path: Path | str, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=shape)
    except OSError as error:
        raise InputFault(f"cannot be read: {error.strerror}", where=str(path)) from error
    except msgspec.DecodeError as error:
        mend = "the first file is what `tieout audit DIR --json FILE` wrote, the second DIR/truth.json"
        raise InputFault(str(error), where=str(path), mend=mend) from error


def _key(entry: _Entry) -> Key:
    return (entry.class_, entry.subject, "" if _is_overlay(entry.class_) else entry.currency)


def _is_overlay(risk: str) -> bool:
    return risk in Risk._value2member_map_ and RISKS[Risk(risk)].group is Group.OVERLAY


def _sums(entries: list[_Entry]) -> dict[Key, Decimal]:
    sums: dict[Key, Decimal] = defaultdict(Decimal)
    for entry in entries:
        sums[_key(entry)] += 0 if _is_overlay(entry.class_) else Decimal(entry.amount)
    return dict(sums)


def _by_class(true: dict[Key, Decimal], found: dict[Key, Decimal], rates: dict[str, Decimal]) -> tuple[ClassScore, ...]:
    def weight(key: Key, side: dict[Key, Decimal]) -> Decimal:
        if key not in side:
            return Decimal(0)
        return Decimal(1) if _is_overlay(key[0]) else side[key] * rates.get(key[2], Decimal(1))

    rows: dict[str, ClassScore] = {}
    for key in true.keys() | found.keys():
        risk = key[0]
        row = rows.get(risk, ClassScore(risk, 0, Decimal(0), Decimal(0), Decimal(0)))
        a, b = weight(key, true), weight(key, found)
        rows[risk] = ClassScore(
            risk, row.subjects + (key in true), row.true + a, row.found + b, row.matched + min(a, b)
        )
    order = [risk.value for risk in Risk]
    return tuple(sorted(rows.values(), key=lambda row: order.index(row.risk) if row.risk in order else len(order)))


def render(score: Score, limit: int = 20) -> str:
    """The score as text: a line for each class, then up to ``limit`` subjects of each kind of difference."""
    lines = [f"{'class':24} {'subjects':>8} {'true':>16} {'found':>16} {'recall':>9} {'precision':>9}"]
    for row in score.classes:
        lines.append(
            f"{row.risk:24} {row.subjects:8} {row.true:16,.2f} {row.found:16,.2f}"
            f" {_percent(row.recall)} {_percent(row.precision)}"
        )
    for title, differences in (
        ("missing: in the truth and not found", score.missing),
        ("surplus: found and not in the truth", score.surplus),
        ("differing: another amount", score.differing),
    ):
        if differences:
            lines += ["", f"{title} ({len(differences)})"]
            lines += [f"  {_said(difference)}" for difference in differences[:limit]]
            lines += [f"  … and {len(differences) - limit} more"] if len(differences) > limit else []
    lines += ["", "100%: every subject, to the cent, and nothing else" if score.perfect else "below 100%"]
    return "\n".join(lines)


def _percent(share: Decimal) -> str:
    """Two decimals, cut and not rounded: only a whole is 100%."""
    return f"{(share * 100).quantize(Decimal('0.01'), ROUND_DOWN):8}%"


def _said(difference: Difference) -> str:
    amounts = [
        f"{name} {amount}"
        for name, amount in (("true", difference.true), ("found", difference.found))
        if amount is not None
    ]
    note = f" ({difference.note})" if difference.note else ""
    return f"{difference.risk} {difference.subject}: {', '.join(amounts)} {difference.currency}".rstrip() + note
