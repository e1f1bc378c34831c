"""Pictures of the demo company's report in shots/, and the one that the README shows in docs/pictures/.

A report may be named; ``--sample`` takes the one that the tests are made with, and leaves the README's picture alone.
Needs Chromium: the system's, or one that Playwright has installed.
"""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "demo-company" / "report" / "report.html"
SHOTS = ROOT / "shots"
README_PICTURE = ROOT / "docs" / "pictures" / "report.png"
VIEWS = {
    "1440-light": (1440, "light"), "1440-dark": (1440, "dark"), "768-light": (768, "light"),
    "390-light": (390, "light"), "390-dark": (390, "dark"),
}  # fmt: skip


def main() -> int:
    SHOTS.mkdir(exist_ok=True)
    named = sys.argv[1:]
    report = sample() if named == ["--sample"] else Path(named[0]).resolve() if named else REPORT
    if not report.exists():
        print(f"there is no report {report}; ./dev demo makes one", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for name, (width, scheme) in VIEWS.items():
            take(browser, report, SHOTS / f"{name}.png", width, scheme)
        if report == REPORT:
            take(browser, report, README_PICTURE, 1280, "light", height=1100)
        page = browser.new_page()
        page.goto(report.as_uri())
        page.pdf(path=SHOTS / "print.pdf", format="A4", print_background=True)
        browser.close()
    also = f" and {README_PICTURE.relative_to(ROOT)}" if report == REPORT else ""
    print(f"pictures in {SHOTS.relative_to(ROOT)}/{also}")
    return 0


def sample() -> Path:
    """The report of the group of companies that the report's tests are made with."""
    from tieout.audit.report.html import write_html

    path = SHOTS / "sample.html"
    write_html(runpy.run_path(str(ROOT / "tests" / "audit" / "report" / "conftest.py"))["build"](), path)
    return path


def take(browser: Browser, report: Path, picture: Path, width: int, scheme: str, height: int = 0) -> None:
    """The whole page, or its first ``height`` pixels."""
    page = browser.new_page(viewport={"width": width, "height": height or 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(report.as_uri())
    page.evaluate("document.fonts.ready")
    page.screenshot(path=picture, full_page=not height)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
