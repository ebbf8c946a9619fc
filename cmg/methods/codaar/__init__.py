"""CoDAAR: a codebook per modality with aligned rows."""
