"""CMCM: contrastive features and code matching over one codebook."""
