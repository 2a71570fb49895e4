"""execgraph: an execution engine in which every order is an execution graph."""
