"""Pictures from where they are: tars, Parquet files, and URLs. The extra `[remote]` has what reads the last two."""
