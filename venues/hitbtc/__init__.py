"""HitBTC: its feed codec and catalogue."""
