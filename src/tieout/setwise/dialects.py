"""A plan in the SQL of other databases. Apart from `plan`, so that an audit, which needs DuckDB only, does not load sqlglot."""

from __future__ import annotations

import sqlglot

from .plan import Plan


def render(plan: Plan, dialect: str) -> list[str]:
    """The plan's statements in another dialect (``postgres``, ``spark``): CREATE TABLE … AS SELECT …."""
    statements = [f"CREATE TABLE {step.table} AS {step.sql}" for step in (*plan.sources, *plan.selects)]
    return [sqlglot.transpile(sql, read="duckdb", write=dialect, pretty=True)[0] for sql in statements]
