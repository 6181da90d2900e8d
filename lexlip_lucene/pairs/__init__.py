"""Matches of pairs: how probably a caption is about its image, by several scores, out of fold if asked (torch)."""
