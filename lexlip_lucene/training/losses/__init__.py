"""Losses: the terms of the objective, and the views of a step that they are computed from (torch)."""
