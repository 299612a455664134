"""Who is told of a message, when, and how often it is tried."""
