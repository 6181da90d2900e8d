"""Experiments: a system on topics, recipes run and compared, ladders, and measurements of speed."""
