"""Word documents about organizations."""
