"""What one needs to build the box."""
