"""FCID: fine and coarse cross-modal information disentangling."""
