"""What the entity tagger reaches: on generated posts with their pictures, and on Twitter's texts."""
