"""Data sets that RankSpec prepares itself, written as Parquet files beside a schema; nothing here imports torch."""
