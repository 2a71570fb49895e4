"""What must survive: one SQLite journal, its projections, and the thread that writes them."""
