"""The report as one HTML page: no network, no script needed, light and dark, printable.

Templates are in ``templates/``. Everything that comes from a source is escaped by them; the page's own policy (CSP) allows
exactly its own style and script by their hashes and nothing from anywhere else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import partial
from importlib.resources import files
from itertools import groupby
from pathlib import Path

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tieout.audit.result import AuditResult, BridgeRow
from tieout.canon.finding import RISKS, Finding, Group, Risk
from tieout.canon.money import format_amount

from . import charts, figures, processmap, words

MOST_FINDINGS = 2_000
"""Findings on the page; all of them are in the workbook, JSON and Parquet."""
MOST_PARTS = 200
"""Causes, reasons and refusals on the page."""
MOST_WALKS = 12
"""Entity, currency and period of the bridge whose rows are drawn; the residuals of all of them are in its first table."""
_SHOWN_DOCUMENTS, _SHOWN_WHERE_MANY = 5, 3


class Walk(msgspec.Struct, frozen=True):
    """The rows of the bridge of one entity, currency and period."""

    entity: str
    currency: str
    period: str
    rows: tuple[BridgeRow, ...]

    @property
    def residuals(self) -> int:
        """How many rows have something unexplained."""
        return sum(row.unexplained != 0 for row in self.rows)

    @property
    def anchor(self) -> str:
        """The id of its place on the page."""
        return f"bridge-{self.entity}-{self.currency}-{self.period}"


def write_html(result: AuditResult, path: Path) -> None:
    """Write `render` to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(result), encoding="utf-8")


def render(result: AuditResult, most: int = MOST_FINDINGS) -> str:
    """The page, with the ``most`` dearest findings."""
    templates = files(__package__) / "templates"
    font = base64.b64encode((templates / "inter-latin.woff2").read_bytes()).decode()
    style = (templates / "report.css").read_text(encoding="utf-8").replace("{font}", f"data:font/woff2;base64,{font}")
    script = (templates / "report.js").read_text(encoding="utf-8")
    walked = walks(result.bridge)
    few = _SHOWN_DOCUMENTS if len(walked) <= MOST_WALKS // 2 else _SHOWN_WHERE_MANY
    return _environment(result).get_template("report.html").render(
        result=result, figures=figures, charts=charts, groups=list(Group), money_groups=words.MONEY_GROUPS,
        meaning=words.MEANING, risks=RISKS, style=Markup(style), script=Markup(script),
        style_hash=_hash(style), script_hash=_hash(script), shown=result.findings[:most],
        rank={figures.identity_key(finding): rank for rank, finding in enumerate(result.findings[:most], 1)},
        classes=figures.by_class(result), walks=walked, drawn=_drawn(walked), most_parts=MOST_PARTS,
        maps=processmap.maps(result.milestones, result.edges), box=processmap, few=few,
    )  # fmt: skip


def walks(rows: Iterable[BridgeRow]) -> list[Walk]:
    """Rows put together by entity, currency and period."""

    def place(row: BridgeRow) -> tuple[str, str, str]:
        return row.entity, row.currency, row.period

    ordered = sorted(rows, key=lambda row: (*place(row), row.row))
    return [Walk(*key, tuple(part)) for key, part in groupby(ordered, key=place)]


def _drawn(walked: list[Walk]) -> list[Walk]:
    """Those with something unexplained first, then the latest; in their own order."""
    latest = sorted(walked, key=lambda walk: walk.period, reverse=True)
    chosen = sorted(latest, key=lambda walk: walk.residuals == 0)[:MOST_WALKS]
    return [walk for walk in walked if walk in chosen]


def _environment(result: AuditResult) -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": format_amount,
        "base": partial(_in_base, result.base_currency),
        "day": words.day_text,
        "hours": words.hours_text,
        "plural": words.plural,
        "risk": lambda risk: words.risk_title(Risk(risk)),
        "group": words.group_title,
        "state": _state,
        "spoken": words.spoken,
        "upper_first": words.sentence_case,
        "identifier": _identifier,
    }
    environment.globals |= {
        "exposure": partial(figures.base_exposure, result),
        "age": lambda finding: (result.as_of - finding.since).days if finding.since else None,
    }
    return environment


def _in_base(currency: str, amount: int | None) -> str:
    return "no rate" if amount is None else format_amount(amount, currency)


def _state(what: Group | Risk | Finding | str) -> str:
    if isinstance(what, Group):
        return charts.STATES[what]
    risk = what.risk if isinstance(what, Finding) else Risk(what)
    return charts.STATES[RISKS[risk].group]


def _identifier(key: str) -> str:
    """The source's own id of a document, without its type and system."""
    return key.split("/", 2)[-1]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
