"""The `execgraph` command: one file a command, heavy imports only when it runs."""
