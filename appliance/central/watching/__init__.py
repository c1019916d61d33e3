"""Watching the fleet: how each box is, who is told when that changes, and the numbers for Prometheus."""
