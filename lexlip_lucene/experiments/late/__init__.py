"""Late interaction behind a first stage: its quality by hits, bytes and controls, and its cost at scale."""
