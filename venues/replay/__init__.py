"""Playing recordings: recorded frames through the venue's own codec, orders against recorded books."""
