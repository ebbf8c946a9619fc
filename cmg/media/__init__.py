"""Bytes to arrays: video, audio and images, decoded in processes that may hang or die without taking the run along.

`source` opens a listed file, `video`, `audio` and `image` decode it, `grid` says which frames count, `pool` runs any of them
under a time limit. Nothing here knows of models; what cannot be decoded is a `MediaFailure` with a kind and a reason.
"""
