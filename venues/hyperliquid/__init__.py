"""Hyperliquid: perpetuals and spot, whole books in every frame."""
