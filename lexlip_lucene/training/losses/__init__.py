"""Losses: what a training step minimises, and what it looks at (torch)."""
