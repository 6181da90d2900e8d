"""Measures what encoding and training cost: `python -m lexlip_lucene.bench_encoding.head`. No part of the command."""
