"""Social organizations, community Party organizations, filed teams and their people."""
