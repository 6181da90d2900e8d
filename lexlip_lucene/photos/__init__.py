"""One's own photos: a folder and its index, kept in step."""
