"""What the segmentation says when it cannot go on."""


class SegmentationError(ValueError):
    """Clips, queries or weights that heads cannot be fitted or scored with; the message says which and why."""
