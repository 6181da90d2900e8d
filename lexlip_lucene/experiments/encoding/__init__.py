"""Measurements of the cost of encoding and training: `python -m lexlip_lucene.experiments.encoding.head`, say."""
