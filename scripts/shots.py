"""Pictures of the demo company's report in shots/, and the one that the README shows in docs/pictures/.

Needs Chromium: the system's, or one that Playwright has installed.
"""

from __future__ import annotations

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
    report = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else REPORT
    if not report.exists():
        print(f"there is no report {report}; ./dev demo makes one", file=sys.stderr)
        return 1
    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for name, (width, scheme) in VIEWS.items():
            take(browser, report, SHOTS / f"{name}.png", width, scheme)
        take(browser, report, README_PICTURE, 1280, "light", height=1100)
        page = browser.new_page()
        page.goto(report.as_uri())
        page.pdf(path=SHOTS / "print.pdf", format="A4", print_background=True)
        browser.close()
    print(f"pictures in {SHOTS.relative_to(ROOT)}/ and {README_PICTURE.relative_to(ROOT)}")
    return 0


def take(browser: Browser, report: Path, picture: Path, width: int, scheme: str, height: int = 0) -> None:
    """The whole page, or its first ``height`` pixels."""
    page = browser.new_page(viewport={"width": width, "height": height or 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(report.as_uri())
    page.evaluate("document.fonts.ready")
    page.screenshot(path=picture, full_page=not height)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
