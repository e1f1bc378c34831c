"""The page: one file, safe with any name in it, small enough to mail, and honest when there is nothing or too much to show."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import html
import re

import msgspec
import pytest

from tieout.audit.report.html import render, walks
from tieout.audit.result import AuditResult, Kpi, Rejection
from tieout.canon.finding import RISKS, Risk
from tieout.canon.money import format_amount
from tieout.process.verdict import Unknown

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;{{ 7*7 }}"


TAG = re.compile(r'<(/?)([a-zA-Z0-9]+)((?: [\w-]+(?:="[^"<>]*")?)*) ?(/?)>')
VOID = frozenset({"meta", "link", "input", "br", "rect", "path"})


class Page:
    """Elements and their attributes, read strictly: a ``<`` that begins no tag of ours, or a wrong end, is an error."""

    def __init__(self, text: str) -> None:
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        text = re.sub(r"(?s)(<(style|script)>).*?(</\2>)", r"\1\3", text.removeprefix("<!doctype html>\n"))
        self.text = html.unescape(TAG.sub("", text))
        assert "<" not in TAG.sub("", text), "a < that begins no tag"
        for end, name, attributes, closed in TAG.findall(text):
            if end:
                assert self.open.pop() == name, f"</{name}> closes something else"
                continue
            self.found.append(
                (name, {key: html.unescape(value) for key, value in re.findall(r'([\w-]+)(?:="([^"]*)")?', attributes)})
            )
            if name not in VOID and not closed:
                self.open.append(name)


@pytest.fixture(scope="session")
def page(group: AuditResult) -> str:
    return render(group)


def test_everything_that_is_opened_is_closed(page: str) -> None:
    assert Page(page).open == []


def test_ids_are_unique_and_links_lead_somewhere(page: str) -> None:
    found = Page(page).found
    ids = [attrs["id"] for _, attrs in found if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"][1:] for tag, attrs in found if tag == "a"}
    assert targets <= set(ids)


def test_nothing_is_fetched_from_anywhere(page: str) -> None:
    for tag, attrs in Page(page).found:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form"}
        assert not {"src", "srcset", "style", "action"} & set(attrs), tag
        assert attrs.get("href", "#").startswith(("#", "data:,")), attrs
    assert re.findall(r"url\((?!data:|#)", page) == []
    assert "@import" not in page


def test_the_policy_allows_exactly_this_style_and_this_script(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for element in ("style", "script"):
        (text,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{element}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src 'none'")
    assert "unsafe" not in policy[1]


def everywhere(result: AuditResult, text: str) -> AuditResult:
    """The result with a text wherever a source or a file name can bring one in."""
    finding = msgspec.structs.replace(
        result.findings[0], subject=f"invoice/billing/{text}", customer=text, why=text, owner=text, entity=text,
        period=text, variant=text, cause=text, documents=(text,), holds=(text,), amounts={text: 1},
    )  # fmt: skip
    row = result.bridge[0]
    line = msgspec.structs.replace(row.lines[0], name=text, documents=((text, 1),))
    row = msgspec.structs.replace(
        row, entity=text, title=text, period=text, from_name=text, to_name=text, lines=(line,), completeness=(text,)
    )
    return msgspec.structs.replace(
        result, company=text, entities=(text,), entity_names={text: text}, flows=(text,), findings=(finding,), notes=(text,),
        causes=(msgspec.structs.replace(result.causes[0], key=text, title=text, owner=text),), bridge=(row,),
        kpis=(Kpi(name=text, value=text, detail=text, parts={text: text}),),
        milestones=(msgspec.structs.replace(result.milestones[0], flow=text, name=text),),
        edges=(msgspec.structs.replace(result.edges[0], flow=text, source=text, target=f"{text}2"),),
        cycle_times=(msgspec.structs.replace(result.cycle_times[0], flow=text, name=text),),
        files=(msgspec.structs.replace(result.files[0], path=text, system=text, type=text, totals={text: text}, sha256=text),),
        rejections=(Rejection(path=text, line=1, field=text, what=text, mend=text),),
        unknown=(Unknown(what=text, document=text, entity=text, currency="EUR", amount=1),),
        fx=(msgspec.structs.replace(result.fx[0], source=text, rate=text),),
    )  # fmt: skip


def test_a_script_in_a_name_is_shown_as_text_wherever_the_name_is_shown(group: AuditResult) -> None:
    text = render(everywhere(group, HOSTILE))
    read = Page(text)
    assert read.open == []
    assert [tag for tag, _ in read.found].count("script") == 1
    assert "img" not in {tag for tag, _ in read.found}
    assert not any(name.startswith("on") for _, attrs in read.found for name in attrs)
    assert read.text.count("alert(1)") > 30, "it is shown, as text, in every section"
    assert "49" not in re.findall(r"&lt;(\d+)", text), "template syntax in a name is not evaluated"


@pytest.mark.parametrize("number", [2000, 2500])
def test_two_thousand_findings_are_at_most_one_and_a_half_megabytes(number: int, many: AuditResult) -> None:
    text = render(msgspec.structs.replace(many, findings=many.findings[:number]))
    assert len(text.encode()) <= 1_500_000
    assert text.count('<tr id="f') == 2000
    assert ("All 2,500 are in the workbook" in text) is (number > 2000)


def test_the_four_totals_and_every_residual_are_on_the_page(page: str, group: AuditResult) -> None:
    for name, amount in group.totals.items():
        assert format_amount(amount, "EUR") in page, name
    assert page.count("Unexplained</span>") == len(group.bridge), "one for each row, even where it is 0"
    assert "−412.19" in page
    untied = sum((not row.from_tied) + (not row.to_tied) for row in group.bridge)
    assert page.count('<span class="untied">not tied to a source total</span>') == untied


def test_every_class_is_explained(page: str) -> None:
    method = page[page.index('id="method"') :]
    for risk in Risk:
        assert RISKS[risk].meaning[1:] in method.replace("&#39;", "'"), risk


def test_the_bridge_is_grouped_by_entity_currency_and_period_in_the_order_of_its_rows(group: AuditResult) -> None:
    found = walks(group.bridge[::-1])
    assert [(walk.entity, walk.currency) for walk in found] == [
        ("DE01", "EUR"), ("JP01", "JPY"), ("US01", "KWD"), ("US01", "USD"),
    ]  # fmt: skip
    assert [row.row for row in found[0].rows] == ["R1", "R2", "R3", "R4", "R5", "R6", "R7"]
    assert [walk.residuals for walk in found] == [0, 0, 0, 1]


def test_a_year_of_periods_still_fits_and_no_residual_is_hidden(many: AuditResult) -> None:
    year = [msgspec.structs.replace(row, period=f"2026-{month:02}") for month in range(1, 13) for row in many.bridge]
    text = render(msgspec.structs.replace(many, bridge=tuple(year)))
    assert len(text.encode()) <= 1_700_000
    assert text.count('<details class="walk"') == 12
    assert text.count(">−412.19</span>") >= 12 * 2, "in the table and in the drawn rows of every month"
    assert "12 of 48" in text


def test_an_audit_that_found_nothing_says_so_and_shows_no_empty_charts() -> None:
    text = render(AuditResult(as_of=dt.date(2026, 6, 30), base_currency="JPY", instances=3))
    assert Page(text).open == []
    assert "3 instances evaluated. Nothing is wrong in any of them." in text
    assert "<svg" not in text


def test_findings_without_a_rate_are_said_to_be_in_no_total(group: AuditResult) -> None:
    text = render(msgspec.structs.replace(group, base_exposure={}))
    assert "in JPY without a rate to EUR: in no total." in text
    assert "no rate</td>" in text


def test_the_page_is_the_same_every_time(group: AuditResult) -> None:
    assert render(group) == render(group)
