"""Downstream tasks, on code indices and codebooks only: no features, no encoder, no media.

`codes` reads a run's codes, `options` says how heads are fitted and what a result is, `strict` and `fit` hold what the tasks share,
`ave`, `avvp`, `ave_avvp` and `ucf_vgg` each state one task, `metrics` scores, `evaluate` runs them all.
"""
