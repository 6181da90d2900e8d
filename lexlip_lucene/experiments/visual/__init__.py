"""Measurements of visual words: how well pictures find pictures by them, what they take, and where they match."""
