"""`lexlip bench-engine`: this bridge beside stock Pyserini, Seismic and flat dense search, measured in one run."""
