"""Exports in, report out, without a database server."""
