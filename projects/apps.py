from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "项目申报"

    def ready(self) -> None:
        """Make the messages and reports of this app known."""
        from projects import answering, deadlines, exports, kinds  # noqa: F401
        from projects.documents import dossier  # noqa: F401

        answering.install()
