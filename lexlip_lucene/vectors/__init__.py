"""Lexicon vectors on disk: quantised weights, collections, encoded queries and their manifests."""
