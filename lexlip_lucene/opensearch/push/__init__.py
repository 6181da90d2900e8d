"""Loading collections into a cluster: read and checked, sent, counted, compared, and only then served."""
