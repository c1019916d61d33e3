"""Updates of the box's program as values: who signed a release, whether this box takes it, when it is good."""
