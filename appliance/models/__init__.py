"""Which speech models exist, what they hear, and what a good copy of one looks like. Values in, values out."""
