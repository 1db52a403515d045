from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "项目申报"

    def ready(self) -> None:
        """Make the messages of this app known."""
        from projects import kinds  # noqa: F401
