"""Polymarket: event contracts, two tokens showing one book, a hash over every book."""
