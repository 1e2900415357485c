"""Reading the store out: coverage, snapshots in Parquet or CSV, on disk or in S3."""
