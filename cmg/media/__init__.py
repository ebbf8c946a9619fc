"""Bytes to arrays: video, audio and images, decoded in processes that may hang or die without taking the run along.

`source` opens a listed file; `video`, `audio` and `image` decode it, `pool` runs any of them under a time limit.
Beneath, `timeline` knows which stream counts and when it is presented, `window` which part of it is the clip, `grid`
which frames count; `frames` (with `fast_frames`) and `samples` deliver them. Nothing here knows of models; what cannot
be decoded is a `MediaFailure` with a kind and a reason, what was decided for a usable clip is a `Remark`.
"""
