"""Search, whatever the engine: the searcher's Protocol, and the explanation of a score."""
