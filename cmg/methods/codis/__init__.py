"""CODIS: prototypes by optimal transport, taught by a moving average of the encoders."""
