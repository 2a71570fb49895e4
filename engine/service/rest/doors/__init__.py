"""The doors: one module a topic, each with its table."""
