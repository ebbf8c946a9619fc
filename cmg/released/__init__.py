"""What others have released, read as untrusted: features and checkpoints.

`layouts` says which file holds the features of a clip, `formats` reads one (`unpickle` runs nothing that a pickle names), `indexed` is a
dataset of them, `importers` fills a store, `compare` and `samples` hold them against ours. `checkpoints` reads, converts and writes models.
"""
