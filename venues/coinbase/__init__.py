"""Coinbase: its feed codec and catalogue."""
