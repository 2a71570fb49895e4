"""The outside world: codecs that are pure and links that are dumb, one package a venue."""
