"""Execution intelligence as services over one engine: forecast, simulate, live, review, desk."""
