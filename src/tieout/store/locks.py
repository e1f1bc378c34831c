"""The advisory locks: what only one of all processes does at a time. Side by side, so that no two are the same."""

MIGRATE, SEAL, TRIAGE, STREAMS, HISTORY, FIGURES = range(7_469_656, 7_469_662)  # from "tie"
