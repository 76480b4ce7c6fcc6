"""The heavy ranker as the engine trains it: model, loss, metrics and data of a `RecapConfig`."""
