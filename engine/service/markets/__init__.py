"""Prediction markets as a service: catalogue, symbol resolution, settlement and lifecycle."""
