"""Training a LexLIP model (torch)."""
