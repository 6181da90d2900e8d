"""Measurements of what encoding and training cost: `python -m lexlip_lucene.experiments.encoding.head`."""
