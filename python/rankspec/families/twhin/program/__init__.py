"""TwHIN as the engine trains it: model, loss, metrics and data of a `TwhinConfig`."""
