"""Where messages and queues are kept: interfaces, catalogue and filter pipeline."""
