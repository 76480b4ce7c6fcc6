"""From a trained ranking model to a bundle."""
