"""What Prometheus scrapes, from a port of a worker's own or from the web."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tieout.telemetry import metrics


def scraped(port: int) -> dict[tuple[str, ...], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_worker_tells_what_it_did() -> None:
    server = metrics.serve(0)
    try:
        before = scraped(server.server_port)
        metrics.received("hook", "kept", 3)
        metrics.received("api", "contradicted")
        metrics.evaluated("order_to_bill", 300)
        metrics.database_error(None)
        with metrics.took("interpret"):
            pass
        after = scraped(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
    grew = {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}
    assert grew["tieout_deliveries_total", "hook", "kept"] == 3
    assert grew["tieout_deliveries_total", "api", "contradicted"] == 1
    assert grew["tieout_evaluated_instances_total", "order_to_bill"] == 300
    assert grew["tieout_database_errors_total", "connection"] == 1
    assert grew["tieout_stage_seconds_count", "interpret"] == 1


def test_a_scraper_gets_the_form_that_it_accepts() -> None:
    text, plain = metrics.exposition()
    assert plain.startswith("text/plain") and b"# TYPE tieout_deliveries_total counter" in text
    open_metrics, content_type = metrics.exposition("application/openmetrics-text;version=1.0.0")
    assert content_type.startswith("application/openmetrics-text") and open_metrics.endswith(b"# EOF\n")


def test_a_process_and_those_that_it_starts_are_counted_as_one() -> None:
    program = """
import subprocess, sys
from tieout.telemetry.together import count_together
count_together()
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from tieout.telemetry import metrics
class Depth(Collector):
    def collect(self):
        yield GaugeMetricFamily("tieout_database_up", "x", value=1)
metrics.ask(Depth())
metrics.evaluated("order_to_bill", 2)
for _ in range(2):
    child = "from tieout.telemetry import metrics; metrics.evaluated('order_to_bill', 20)"
    subprocess.run([sys.executable, "-c", child], check=True)
print(metrics.exposition()[0].decode())
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert 'tieout_evaluated_instances_total{flow="order_to_bill"} 42.0' in told
    assert "tieout_database_up 1.0" in told


def test_counters_of_a_killed_process_are_removed_by_the_next_and_those_of_a_live_one_are_not(tmp_path: Path) -> None:
    start = "from tieout.telemetry.together import count_together; count_together(); print(flush=True); input()"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}

    def started() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        assert process.stdout is not None
        process.stdout.readline()
        return process

    with started() as killed:
        (left,) = tmp_path.iterdir()
        with started() as live:
            assert left.exists()
            killed.kill()
            killed.wait()
            with started() as third:
                assert len(list(tmp_path.iterdir())) == 2 and not left.exists()
                third.communicate(b"")
            live.communicate(b"")
    assert list(tmp_path.iterdir()) == []
