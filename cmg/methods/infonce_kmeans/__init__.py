"""Control: continuous InfoNCE features, a k-means codebook afterwards."""
