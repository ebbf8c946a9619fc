"""SimMMDG: shared and specific halves, vectors without a codebook."""
