"""Quotes and market data: what the facade and the forecast know of a market."""
