"""Shared backbones: encoders, decoders, temporal block, CPC networks."""
