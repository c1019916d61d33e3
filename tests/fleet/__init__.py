"""A fleet of boxes from one table."""
