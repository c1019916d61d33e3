"""Telephony: codecs and the containers that carry a line's audio."""
