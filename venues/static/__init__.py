"""Recorded standing books of venues without a live feed here."""
