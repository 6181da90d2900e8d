"""Tuning of approximate search: recall and latency of settings on the user's own index, and the choice of one."""
