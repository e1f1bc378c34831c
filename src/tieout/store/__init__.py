"""Tieout's own database, and the only room that touches it. Statements are in ``sql/`` by name, tables in ``migrations/``.

the server     binaries, cluster, launch, embedded (runs it); diagnosis (`tieout doctor`); migrate
connections    connection (pools, transactions that run again), statements, errors, locks, paced (for the simulation)
what comes in  intake (committed in groups), received, connections (of senders), sealing (their secrets), people (and tokens), streams
the stages     stages: interpret (with remembering), expand, advance; graph (references), decisions (the policy), replay
cases          triage, case_work (time and actions), case_rows, case_views
to look at     instances, preflight, queues (what waits, as metrics)
figures        snapshot, history (as known then), standing_figures, sealed_figures, event_log, parquet_file
the trail      trail, trail_heads
keeping        backup, archive, condition, check, durable (files), piecemeal (batches)
"""
