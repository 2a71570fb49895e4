"""What things are: frozen values and pure functions, without clocks, sockets or arrays."""
