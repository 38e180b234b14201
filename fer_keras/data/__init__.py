"""Where faces come from: every form of the data, its checks, and the batches that nets are fed."""
