"""What is wrong with a config, as data and as text: the form in which everything reports mistakes."""
