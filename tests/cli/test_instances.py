"""`tieout instances` on a real installation: from an invoice to the order behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.store.test_stages import charge, invoice, order, posted, service
from tests.store.told import EVERYTHING_KNOWN, engine
from typer.testing import CliRunner

from tieout.cli import app
from tieout.store.embedded import running
from tieout.store.migrate import migrate


def test_from_an_invoice_to_what_is_wrong_with_its_order(folder: Path) -> None:
    """The ERP has 90.00 where billing has 100.00."""
    booked = posted(invoice(6), net=9_000, total=9_000)
    with running(folder) as dsn:
        migrate(dsn)
        with engine(dsn) as acme:
            acme.decide(EVERYTHING_KNOWN)
            acme.settle(order(), charge(), service(), invoice(6), booked)
            ask = CliRunner()
            listed = ask.invoke(
                app, ["instances", "list", booked.key, "--flow", "order_to_bill", "--data", str(folder)]
            )
            number = listed.stdout.split()[0]
            shown = ask.invoke(app, ["instances", "show", number, "--data", str(folder)]).stdout
            missing = ask.invoke(app, ["instances", "show", "999", "--data", str(folder)])
    assert order().key in listed.stdout
    assert "2026-06-01 09:00  issued" in shown
    assert f"{invoice(6).key}, seen too as {booked.key}" in shown
    assert "net differs: billing: 10000; erp: 9000" in shown
    assert "misposted_invoice: " in shown
    assert "there is no instance 999" in str(missing.exception)


@pytest.mark.parametrize("words", [["list"], ["show", "1"]])
def test_an_installation_without_instances(folder: Path, words: list[str]) -> None:
    with running(folder) as dsn:
        migrate(dsn)
        heard = CliRunner().invoke(app, ["instances", *words, "--data", str(folder)])
    assert "none" in heard.stdout or "there is no instance 1" in str(heard.exception)
