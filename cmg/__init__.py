"""Cross-Modal Generalization: features, unified discrete representations, and their evaluation."""
