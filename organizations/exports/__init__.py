"""Excel reports of organizations; each room registers its builders with jobs.registry."""

from organizations.exports import monthly, party, rating, registry, training  # noqa: F401 - registers
