"""Scenarios: an order worked by the real policies in small seeded markets that start from now."""
