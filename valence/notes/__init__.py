"""Documents: a folder is scanned, read to plain text, cut into pieces and kept in memory."""
