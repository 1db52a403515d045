"""People, areas, roles, sign-in."""
