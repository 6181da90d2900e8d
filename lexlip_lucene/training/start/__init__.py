"""The start of a training: towers loaded, a vocabulary chosen, and what can be computed instead of learned (torch)."""
