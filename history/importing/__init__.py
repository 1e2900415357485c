"""Tables that people bring: files row by row, cells, what becomes of them in the store."""
