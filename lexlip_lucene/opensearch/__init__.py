"""Impacts and texts in an OpenSearch cluster: the address, loading, and the searchers."""
