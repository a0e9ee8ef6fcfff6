"""Many texts at once: slots, rows, stored weights, compiled kernels."""
