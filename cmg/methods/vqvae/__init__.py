"""VQ-VAE: a picture as a grid of codes, and back."""
