"""The page in a browser: no errors, no requests, no sideways scrolling, readable in the dark, filters that filter."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tieout.audit.report.html import render
from tieout.audit.result import AuditResult

playwright = pytest.importorskip("playwright.sync_api")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Chromium: apt-get install chromium")
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(group: AuditResult, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(group), encoding="utf-8")
    return path.as_uri()


def look(browser: Any, address: str, width: int = 1440, **more: Any) -> Any:
    """An open page; whatever it complains about or asks for from elsewhere is collected in ``page.trouble``."""
    page = browser.new_page(viewport={"width": width, "height": 900}, **more)
    page.trouble = []
    page.on("console", lambda message: page.trouble.append(message.text))
    page.on("pageerror", lambda error: page.trouble.append(str(error)))
    page.on("dialog", lambda dialog: page.trouble.append(dialog.message))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else page.trouble.append(request.url),
    )
    page.goto(address)
    page.evaluate("document.fonts.ready")
    return page


@pytest.mark.parametrize("width", [390, 768, 1024, 1440])
def test_it_fits_without_sideways_scrolling_also_with_everything_open(browser: Any, address: str, width: int) -> None:
    page = look(browser, address, width)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    cut = page.evaluate(
        """[...document.querySelectorAll('main .n, main .figure, main .chip')]
           .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
           .map((e) => e.textContent)"""
    )
    assert cut == [], "no amount is cut off"
    assert page.trouble == []


def test_its_own_font_is_used(browser: Any, address: str) -> None:
    assert look(browser, address).evaluate("document.fonts.check('13px \\'Inter Variable\\'')")


CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
                           return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { const c = rgba(getComputedStyle(e).backgroundColor); return c[3] > 250 ? c : behind(e.parentElement); };
  const weak = {};
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e), ink = e.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(rgba(ink)), light(behind(e))].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 5.2) weak[e.tagName + '.' + e.getAttribute('class')] = ratio.toFixed(2);
  }
  return weak;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_has_enough_contrast(browser: Any, address: str, scheme: str) -> None:
    page = look(browser, address, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert page.evaluate(CONTRAST) == {}


def test_the_dark_page_is_dark(browser: Any, address: str) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    assert look(browser, address, color_scheme="dark").evaluate(colour) == "rgb(15, 18, 22)"
    assert look(browser, address, color_scheme="light").evaluate(colour) == "rgb(245, 246, 248)"


def test_words_and_choices_narrow_the_findings_together(browser: Any, address: str, group: AuditResult) -> None:
    page = look(browser, address)

    def shown() -> int:
        return page.locator("#table tbody tr:visible").count()

    page.select_option("[data-filter=entity]", "US01")
    assert shown() == sum(f.entity == "US01" for f in group.findings)
    page.fill("#words", "kestrel invoice")
    wanted = [
        f for f in group.findings
        if f.entity == "US01" and "Kestrel" in f.why + f.customer and "invoice" in f.why + f.risk + " ".join(f.documents)
    ]  # fmt: skip
    assert shown() == len(wanted) > 0
    assert page.inner_text("#count") == str(len(wanted))
    page.fill("#words", "nobody is called this")
    assert shown() == 0
    page.click("#clear")
    assert shown() == 300
    assert page.trouble == []


def test_a_column_sorts_both_ways_and_money_comes_back_dearest_first(browser: Any, address: str) -> None:
    page = look(browser, address)

    def column(name: str) -> list[str]:
        return page.locator(f"#table td.{name}").all_inner_texts()

    money = column("money")
    page.click("th[data-sort=owner] button")
    assert column("owner") == sorted(column("owner"), key=str.lower)
    page.click("th[data-sort=owner] button")
    assert column("owner") == sorted(column("owner"), key=str.lower, reverse=True)
    page.click("th[data-sort=money] button")
    assert column("money") == money
    page.click("th[data-sort=days] button")
    days = [int(text) for text in column("days")]
    assert days == sorted(days, reverse=True)


def test_without_script_everything_can_be_read_and_no_dead_control_is_shown(browser: Any, address: str) -> None:
    page = look(browser, address, java_script_enabled=False)
    assert page.locator("#filters").is_hidden()
    first = page.locator(".fall details").first
    assert first.locator(".documents").is_hidden()
    first.locator("summary").click()
    assert first.locator(".documents").is_visible()


def test_a_link_to_a_closed_part_of_the_bridge_opens_it(browser: Any, address: str) -> None:
    page = look(browser, address)
    part = page.locator('[id="bridge-JP01-JPY-2026-06"] h4').first
    assert part.is_hidden()
    page.click(".matrix a:has-text('JP01')")
    part.wait_for(state="visible", timeout=2000)


def test_a_script_in_a_customer_s_name_does_not_run(browser: Any, group: AuditResult, tmp_path: Path) -> None:
    text = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    hostile = msgspec.structs.replace(group.findings[0], customer=text, why=text)
    path = tmp_path / "hostile.html"
    path.write_text(render(msgspec.structs.replace(group, findings=(hostile,), company=text)), encoding="utf-8")
    page = look(browser, path.as_uri())
    page.fill("#words", "alert")
    assert text in page.inner_text("#table")
    assert page.trouble == []


def test_it_prints_on_a4(browser: Any, address: str) -> None:
    page = look(browser, address)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 703, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    assert page.locator("nav").is_hidden()
    assert page.locator("#table tbody tr:visible").count() == 100
    assert page.locator(".walk h4:visible").count() == 28, "the whole bridge is on paper, also its closed parts"
    assert page.pdf(format="A4").startswith(b"%PDF")
