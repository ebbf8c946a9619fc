"""MICU: DCID's encoders and codebook with masked InfoNCE and jigsaw puzzles."""
