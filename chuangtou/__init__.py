"""The Django project: settings, URLs, entry points and the embedded servers."""
