"""What is written for use from Python, beside the command line: runs as objects. `rankspec` gives its names."""
