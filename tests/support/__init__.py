"""What tests share: tiny models, oracles, served pages, processes."""
