"""DCID: dual cross-modal information disentangling, one codebook for all modalities."""
