"""The roof: assembly, the facade, the commands; the only place that sees everything."""
