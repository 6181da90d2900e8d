"""The Lucene side (Java): finding a JVM, building indexes, searching and explaining."""
