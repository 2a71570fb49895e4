"""Positions, balances and P&L of each client, folded from the durable fills."""
