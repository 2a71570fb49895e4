"""What is learned of venues over weeks: bounded, forgetting slowly, kept over restarts."""
