"""What is known of `rankspec.twhin.v1.TwhinConfig`, without torch."""
