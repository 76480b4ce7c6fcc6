"""What is known of `rankspec.recap.v1.RecapConfig`, without torch."""
