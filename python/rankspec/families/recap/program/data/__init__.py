"""The data of a ranking model: which files, which inputs, and what is done to the rows."""
