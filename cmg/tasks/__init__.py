"""Downstream tasks, on code indices and codebooks only: no features, no encoder, no media.

`codes` reads a run's codes, `options` says how heads are fitted and what a result is, `parts` and `strict` hold what
the tasks share, `heads` fits, `metrics` and `recall` score, `ave`, `avvp`, `ave_avvp` and `ucf_vgg` each state one
task, `evaluate` runs them all.
"""
