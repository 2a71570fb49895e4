"""Execution intelligence: pure functions over views of the market and over recorded facts."""
