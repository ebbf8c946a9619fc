"""What others have released, read as untrusted: features and checkpoints.

`formats` reads the features of a clip (`unpickle` runs nothing that a pickle names), `indexed` those of a dataset, from
the files that its clip index names, `importers` fills a store; `compare` and `samples` hold them against ours.
`checkpoints` reads, converts and writes models.
"""
