"""One short file per stage, named as in dvc.yaml."""
