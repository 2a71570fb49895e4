"""Kraken: its feed codec and catalogue."""
