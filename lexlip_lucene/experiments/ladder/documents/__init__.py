"""What a ladder searches and is asked: photos, mixes and topics, encoded by the model (torch) and kept in files."""
