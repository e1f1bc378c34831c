"""The policy tables of ``audit.toml``, checked key by key."""

from __future__ import annotations

from typing import Any

from .policy import Entity, Policy


def parse(tables: dict[str, Any], where: str) -> Policy:
    """A policy from TOML tables; ``where`` names the file in faults. Tables of files and of the audit are ignored."""
    systems = {name: table.get("role", name) for name, table in tables.get("systems", {}).items()}
    entities = {
        name: Entity(
            name=table.get("name", ""),
            functional_currency=table.get("functional_currency", ""),
            time_zone=table.get("time_zone", "UTC"),
        )
        for name, table in tables.get("entities", {}).items()
    }
    return Policy(base_currency=tables.get("audit", {}).get("base_currency", ""), systems=systems, entities=entities)
