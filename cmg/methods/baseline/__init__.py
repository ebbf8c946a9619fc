"""Baseline: FCID's encoders and codebook without a cross-modal objective."""
