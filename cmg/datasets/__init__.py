"""Official dataset layouts in, clip index rows out.

`listing` names the files under a root, `registry` finds the reader of a dataset, a reader turns annotation files
into `clips.Clip` rows and `problems.Problem` rows, `labels` turns rows into per-second targets. No models here.
"""
