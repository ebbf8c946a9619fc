"""What the tables and the page read, and how it is brought together."""
