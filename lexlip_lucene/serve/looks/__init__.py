"""Visual words on the server: what is asked by a picture, what is summed up for a reader, near-duplicates."""
