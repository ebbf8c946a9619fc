"""Vector quantizers: codebooks, their moving averages, dead codes and usage."""
