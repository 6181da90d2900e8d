"""Shared parts of the tests: tiny models, oracles, served pages, processes."""
