"""The stream: market topics that are conflated, order topics that are numbered and never drop."""
