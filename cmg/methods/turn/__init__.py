"""TURN: a product codebook, hidden seconds restored from the code of another modality."""
