"""Kalshi: event contracts, two bid sides of one book, signed changes."""
