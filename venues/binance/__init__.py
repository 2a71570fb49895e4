"""Binance: its feed codec and catalogue."""
