"""Pages that join every app for one screen: homes by role, dashboards, the public site."""
