"""What the API can do: one module per resource, free of HTTP and frames."""
