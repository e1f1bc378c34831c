"""Tieout's own database, and the only room that touches it.

`embedded` runs the PostgreSQL of an installation, `migrate` brings its tables up to date, `connection` opens connections and
transactions, `sql/` holds the statements by name, `intake` commits deliveries in groups.
"""
