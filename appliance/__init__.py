"""Undertone: the firmware of a box that listens to a call and lights up when it needs help."""
