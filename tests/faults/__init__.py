"""What must survive: the real programs as processes, with real speech models, while something breaks."""
