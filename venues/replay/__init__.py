"""Playing recordings: frames through the venue's own codec, orders against recorded books."""
