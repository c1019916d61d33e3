"""A hundred boxes at once: the table of who sits where, and what each box is given."""
