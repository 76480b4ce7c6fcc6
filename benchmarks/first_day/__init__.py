"""Two public tables from the import to ranked lists, by the command line alone: `make first-day`."""
