"""Arrays to features: VGG-19, VGGish and BERT over one engine that decodes in processes while the network computes.

`run.prepare` and `run.run` are the way in; docs/features.md states the recipes. The three networks are imported on
demand, so that an edit to one recipe concerns one modality.
"""
