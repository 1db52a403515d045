from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = "社会组织"

    def ready(self) -> None:
        """Tell messaging who can be written to; the messages and deadlines of this app are known."""
        from organizations import deadlines, exports, kinds, people  # noqa: F401

        people.install()
