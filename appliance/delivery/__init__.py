"""Delivery: envelopes, acknowledgement, resume and back-off as values; the wire's words and its rules."""
