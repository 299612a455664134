"""What is particular to the stores on Redis."""
