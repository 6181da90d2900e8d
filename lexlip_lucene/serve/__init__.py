"""The search page and its API over HTTP, what `lexlip serve` runs: Lucene and the model meet here, and nowhere below."""
