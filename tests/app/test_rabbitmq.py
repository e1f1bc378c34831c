"""Messages from RabbitMQ's own server: acknowledged after our commit, kept once, and what cannot be kept is put aside."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import psycopg
import pytest

from tieout.app.brokers.rabbitmq import Options, RabbitMq, check
from tieout.app.ways_in import messages
from tieout.canon.faults import MachineFault, MappingFault
from tieout.store.connections import Connection, Opened
from tieout.store.errors import DatabaseLost
from tieout.store.intake import GroupCommit

pytestmark = pytest.mark.long  # The server takes a while to start.

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CUSTOMER = {"type": "customer", "system": "crm", "id": "C1", "name": "Größe"}
EVENT = {"specversion": "1.0", "id": "e-1", "source": "/crm", "type": "customer.changed"}


def free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[str]:
    """The address of a server of our own, for guest with the password guest."""
    if not PROGRAM.exists() or shutil.which("erl") is None:
        pytest.skip("no RabbitMQ here (Debian: apt-get install rabbitmq-server)")
    folder = Path(tempfile.mkdtemp(prefix="tieout-rabbitmq-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    port, distribution, mapper = free_ports(3)
    (folder / "plugins").write_text("[].")
    (folder / "none").touch()
    settings = {
        "HOME": folder, "RABBITMQ_BASE": folder, "RABBITMQ_MNESIA_BASE": folder / "mnesia", "RABBITMQ_LOGS": "-",
        "RABBITMQ_NODENAME": f"tieout{port}@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": port,
        "RABBITMQ_DIST_PORT": distribution, "ERL_EPMD_PORT": mapper, "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_ENABLED_PLUGINS_FILE": folder / "plugins", "RABBITMQ_CONFIG_FILE": folder / "rabbitmq",
        "RABBITMQ_PID_FILE": folder / "pid", "RABBITMQ_CONF_ENV_FILE": folder / "none",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1",
    }  # fmt: skip
    environment = {**os.environ, **{name: str(value) for name, value in settings.items()}}
    server = subprocess.Popen([PROGRAM], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    said = []
    for line in server.stdout:
        said.append(line)
        if "Server startup complete" in line:
            break
    else:
        pytest.fail("".join(said[-30:]))
    threading.Thread(target=server.stdout.read, daemon=True).start()
    yield f"amqp://guest@127.0.0.1:{port}/"
    server.terminate()
    server.wait()
    subprocess.run(["epmd", "-port", str(mapper), "-kill"], check=False, capture_output=True)
    shutil.rmtree(folder)


@pytest.fixture
def channel(rabbitmq: str) -> Iterator[Any]:
    """The producer's side, with the queue `invoices`, whose refused messages go to `aside`."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.replace("guest@", "guest:guest@"))) as connection:
        channel = connection.channel()
        channel.queue_declare("aside")
        aside = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "aside"}
        channel.queue_declare("invoices", arguments=aside)
        yield channel
        for queue in ("invoices", "aside"):
            channel.queue_delete(queue)


Source = Callable[[], Any]


@pytest.fixture
def source(rabbitmq: str, channel: Any) -> Iterator[Source]:
    """Makes our side of it."""
    made: list[Any] = []

    def make() -> Any:
        options = {"address": rabbitmq, "queue": "invoices", "prefetch": 100}
        connection = Connection(name="bus", kind="broker", scheme="none", options=options)
        made.append(messages(Opened(connection, ("guest",))))
        return made[-1]

    yield make
    for one in made:
        one.close()


def publish(channel: Any, body: Any, **properties: Any) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    channel.basic_publish("", "invoices", content, pika.BasicProperties(**properties))


def kept(dsn: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT body FROM delivery WHERE connection = 'bus' ORDER BY id").fetchall()
    return [json.loads(body) for (body,) in rows]


def waiting(channel: Any, queue: str = "invoices") -> int:
    """Messages that nobody has."""
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def sweep_until(source: Any, intake: GroupCommit, question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not question():
        assert time.monotonic() < deadline
        source.sweep("bus", intake)


def test_messages_are_kept_and_then_acknowledged(channel: Any, source: Source, database: str) -> None:
    for number in range(250):
        publish(channel, {**CUSTOMER, "id": f"C{number}"}, message_id=str(number), content_type="application/json")
    ours = source()
    with GroupCommit(database) as intake:
        sweep_until(ours, intake, lambda: len(kept(database)) == 250)
    ours.close()
    time.sleep(0.2)
    assert waiting(channel) == 0
    assert [document["id"] for document in kept(database)] == [f"C{number}" for number in range(250)]


def test_what_is_not_committed_is_not_acknowledged(channel: Any, source: Source, database: str, server: str) -> None:
    publish(channel, CUSTOMER, message_id="1")
    ours = source()
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server, autocommit=True) as connection, GroupCommit(database) as intake:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        with pytest.raises(DatabaseLost):
            sweep_until(ours, intake, lambda: False)
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
        sweep_until(ours, intake, lambda: kept(database) == [CUSTOMER])


def test_what_is_delivered_again_is_kept_once_and_what_differs_twice(
    channel: Any, source: Source, database: str
) -> None:
    """A crash between our commit and our acknowledgement; and a producer that gives two messages one name."""
    for name in ("first", "first", "second"):
        publish(channel, {**CUSTOMER, "name": name}, message_id="1")
    ours = source()
    with GroupCommit(database) as intake:
        sweep_until(ours, intake, lambda: len(kept(database)) == 2)
    assert [document["name"] for document in kept(database)] == ["first", "second"]


def test_cloud_events_are_unwrapped_and_what_is_none_is_put_aside(channel: Any, source: Source, database: str) -> None:
    headers = {f"cloudEvents:{name}": value for name, value in EVENT.items()}
    publish(channel, CUSTOMER, headers=headers, content_type="application/json")
    publish(channel, {**EVENT, "id": "e-2", "data": CUSTOMER}, content_type="application/cloudevents+json")
    publish(channel, {**EVENT, "id": ""}, content_type="application/cloudevents+json")
    publish(channel, CUSTOMER, headers={"odd": "a\0b", "number": 7})
    ours = source()
    with GroupCommit(database) as intake:
        sweep_until(ours, intake, lambda: len(kept(database)) == 3 and waiting(channel, "aside") == 1)
    assert kept(database) == [CUSTOMER] * 3


def test_a_queue_that_goes_away_is_a_fault_and_one_that_comes_back_is_taken_from(
    channel: Any, source: Source, database: str
) -> None:
    ours = source()
    with GroupCommit(database) as intake:
        ours.sweep("bus", intake)
        channel.queue_delete("invoices")
        with pytest.raises(MachineFault):
            sweep_until(ours, intake, lambda: False)
        with pytest.raises(MachineFault, match="invoices"):
            ours.sweep("bus", intake)
        channel.queue_declare("invoices")
        publish(channel, CUSTOMER)
        sweep_until(ours, intake, lambda: kept(database) == [CUSTOMER])


def test_a_wrong_password_is_told_without_showing_it(rabbitmq: str) -> None:
    with pytest.raises(MachineFault) as fault:
        RabbitMq(Options(rabbitmq, "invoices"), "not-the-password")
    assert "not-the-password" not in str(fault.value)


@pytest.mark.parametrize("address", ["http://x", "amqp://", "amqp://user:secret@host/"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(MappingFault):
        check(Options(address, "invoices"))
