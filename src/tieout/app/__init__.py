"""The composition root: what runs together in one process, and starts and stops together."""
