"""Speech: frames, the endpointer that finds utterances in them, and the contract of a recognizer."""
