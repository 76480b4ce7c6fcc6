"""Prediction: what a checkpoint says of rows, in a file beside what tells the rows apart."""
