"""Searching and explaining: impact indexes and BM25."""
