"""What a building full of boxes says in a day, as values: who drives a server with it stands in `acceptance`."""
