"""What to do: pure decisions over model and kernels; no messages, refs or clocks."""
