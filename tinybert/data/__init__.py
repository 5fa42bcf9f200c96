"""From tab-separated files to batches: reading, the embedded sample, tokens, batches, OFRecord."""
