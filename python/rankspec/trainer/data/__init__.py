"""Rows for the trainer: Parquet files in, batches of tensors out."""
