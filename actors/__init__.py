"""The cast: one file for each role; each actor owns its state and its handlers."""
