"""The REST facade over the engine."""
