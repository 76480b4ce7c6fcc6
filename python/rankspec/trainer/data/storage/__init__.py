"""Where the files of a data set lie: on this machine, or in a storage that pyarrow reaches."""
