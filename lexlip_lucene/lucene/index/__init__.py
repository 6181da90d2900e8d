"""Building, changing and checking Lucene indexes."""
