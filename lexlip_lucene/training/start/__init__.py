"""The start of a training: towers, a vocabulary, and the parts that are computed instead of learned (torch)."""
