"""What one needs to build the box; not part of the program."""
