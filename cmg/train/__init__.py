"""Pretraining: paired features, the step, resume, checkpoints."""
