"""The two ways from a flow's declaration to its instances, all at once (setwise) and one by one (engine), give the same instances."""

from __future__ import annotations

from pathlib import Path

import duckdb
import msgspec
import pytest

from tieout.audit.read import Loaded, load
from tieout.canon.documents import TYPES, Document
from tieout.engine.assemble import instance, stray
from tieout.engine.declared import declared
from tieout.engine.holding import holdings
from tieout.engine.overlay import Overlay
from tieout.engine.reach import reach, reach_relation
from tieout.engine.resolve import resolve
from tieout.process.flows import FLOWS
from tieout.process.instance import Instance
from tieout.setwise.hydrate import hydrate
from tieout.setwise.run import instances
from tieout.setwise.tables import table_name
from tieout.simulate.exports import company


class Company:
    """A leaky company: its tables, and the same documents as a graph."""

    def __init__(self, folder: Path, seed: int) -> None:
        company(seed, 120, "rich", False, [], folder)
        self.connection = duckdb.connect()
        self.loaded: Loaded = load(folder, self.connection)
        self.documents: dict[str, Document] = {}
        for name, type_ in TYPES.items():
            table = self.connection.sql(f"SELECT * EXCLUDE (key, ref) FROM {table_name(name)}").to_arrow_table()
            self.documents.update((d.key, d) for d in hydrate(type_, table))
        self.graph = Overlay(self.documents.values())


@pytest.fixture(scope="module", params=[3, 8])
def acme(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("company") / "exports", request.param)


def told(found: Instance) -> tuple[object, ...]:
    """Everything that an instance says."""
    members = {name: documents for name, documents in found.members.items() if documents}
    return found.key, found.anchor, members, found.foreign


@pytest.mark.parametrize("name", list(FLOWS))
def test_instances_are_the_same_one_by_one_and_all_at_once(acme: Company, name: str) -> None:
    flow, known = FLOWS[name], acme.loaded.coverage.known
    plan, role = declared(flow), acme.loaded.policy.role
    every = {told(found)[0]: told(found) for found in instances(acme.connection, flow, acme.loaded.policy, known)}
    anchors = [key for key, document in acme.documents.items() if document.type == plan.anchor_type]
    resolved = resolve(plan, anchors, acme.graph, role)
    holding = holdings(resolved, {})
    singly = {key: told(instance(key, resolved, holding, known)) for key in resolved.anchors}
    for kind in flow.strays:
        relation = kind.documents._name
        held = {key for places in resolved.members[relation].values() for key in places}
        for key, document in acme.documents.items():
            if document.type == plan.relations[relation].type and acme.graph.groups([key])[key][0] == key:
                naming = kind.naming is None or getattr(document, kind.naming.name) is not None
                equal = all(getattr(document, field) == value for field, value in kind.equal.items())
                if key not in held and not document.deleted and naming and equal:
                    found = stray(relation, acme.graph.documents(acme.graph.groups([key])[key]), known)
                    singly[found.key] = told(found)
    assert singly.keys() == every.keys()
    for key, expected in every.items():
        assert singly[key] == expected, key
    assert len(every) > 3


@pytest.mark.parametrize("name", list(FLOWS))
def test_whatever_changes_leads_to_every_instance_that_holds_it(acme: Company, name: str) -> None:
    """A document that is left out of the search would be a change that nobody sees."""
    flow = FLOWS[name]
    plan = declared(flow)
    anchors = [key for key, document in acme.documents.items() if document.type == plan.anchor_type]
    resolved = resolve(plan, anchors, acme.graph, acme.loaded.policy.role)
    held: dict[str, set[str]] = {}
    for members in resolved.members.values():
        for anchor, places in members.items():
            for key in places:
                held.setdefault(key, set()).add(anchor)
    reached = {
        key: {anchor for _, anchor in reach([flow], {key: acme.documents[key].type}, acme.graph)} for key in held
    }
    missed = {
        key: anchors - reached.get(key, set()) for key, anchors in held.items() if anchors - reached.get(key, set())
    }
    assert missed == {}
    assert len(held) > 3
    for kind in flow.strays:
        relation = kind.documents._name
        mine = {key for places in resolved.members[relation].values() for key in places}
        claimed = {
            origin
            for origins in reach_relation(flow, relation, sorted(mine), acme.graph).values()
            for origin in origins
        }
        assert claimed == mine


def test_a_line_of_a_shared_invoice_belongs_to_one_order(acme: Company) -> None:
    """What is cut by lines adds up to the whole again."""
    flow, known = FLOWS["order_to_bill"], acme.loaded.coverage.known
    plan = declared(flow)
    anchors = [key for key, document in acme.documents.items() if document.type == "order"]
    resolved = resolve(plan, anchors, acme.graph, acme.loaded.policy.role)
    holding = holdings(resolved, {})
    shared = {key for (relation, key, _), held in holding.items() if relation == "invoices" and held.shared}
    assert shared
    lines: dict[str, int] = dict.fromkeys(shared, 0)
    for anchor in resolved.anchors:
        for document in instance(anchor, resolved, holding, known).get("invoices"):
            if document.key in shared:
                lines[document.key] += len(document.lines)
    whole = {key: len(msgspec.structs.asdict(acme.documents[key])["lines"]) for key in shared}
    assert all(lines[key] >= whole[key] for key in shared if acme.documents[key].mirrors is None)
