"""Pictures from codes (FCID's Table 4): a small network learns from images alone to turn a code into what a frozen
generator takes.

`generator` says what a generator is, `components` (sample corpus) and `ip_adapter` (Stable Diffusion) are two; `mapper`
is the network that is trained; `distance` and `paired` score pictures by features of `looks`; `task` runs one method's
codes through all of it.
Facts: missing_tables.md, sections 0 and 1.
"""
