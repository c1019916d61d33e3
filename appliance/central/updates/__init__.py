"""Updates of the fleet: which release each box is offered, and the halt when boxes fall."""
