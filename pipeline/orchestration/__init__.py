"""How stages hang together: DVC and Snakemake, what a stage's code means, receipts. No result depends on it."""
