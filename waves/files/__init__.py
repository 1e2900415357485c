"""What is read from and written to disk: YAML with line numbers, findings, documents and their models."""
