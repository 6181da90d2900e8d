"""The documents and topics of a ladder: photos, mixes and texts, encoded by the model (torch) and kept in files."""
