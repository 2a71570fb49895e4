"""Numbers in, numbers out: compiled kernels over int64 arrays, without Python objects."""
