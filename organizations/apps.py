from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = "社会组织"

    def ready(self) -> None:
        """Tell messaging who can be written to."""
        from organizations import people

        people.install()
