"""Segmentation with codes as queries (CoDAAR, Figures 9 to 12): a head learns to mask what one modality's codes ask
for, and is asked with the other's.

`scenes` are frames with masks, `queries` what is asked; `heads` fits one of the networks of `film` (small) or
`decoder` on `pyramids` (the released one, with `attention`); `metrics` scores masks; `task` runs one method's codes
through all of it under `strict`, `published` as the released scripts do. Facts: missing_tables.md, section 3;
codaar.md, section 6.
"""
