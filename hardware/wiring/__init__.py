"""How the parts are wired: one table for each drawing, and what checks and draws it."""
