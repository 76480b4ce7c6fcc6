"""Rows that another process reads and sends, over Arrow Flight: the server, and its clients as a source of rows."""
