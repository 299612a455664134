"""Real clients that nobody here wrote, driven against running servers."""
