"""Runs and qrels: reading, writing, fusing and measuring them."""
