"""Measurements of the entity tagger: on generated posts with their pictures, and on Twitter's texts."""
