"""Deterministic simulation of the whole engine: seeded worlds, faults, checkers, `run_seed`."""
